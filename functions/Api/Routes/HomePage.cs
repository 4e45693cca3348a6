using System.Net;
using System.Reflection;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Frazil.Api;

/// <summary>The page at <c>/</c>: what this is and where things are. Nothing in it comes from elsewhere.</summary>
internal static class HomePage
{
    private static readonly string Version =
        typeof(HomePage).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    /// <summary>The page, with the address that it was asked under.</summary>
    public static Answer Show(Operations operations, HttpContext http) => Answer.Page(Encoding.UTF8.GetBytes(Html(
        WebUtility.HtmlEncode(AddressOf(http)),
        operations.Tokens is null ? "" : ", credential=\"CLIENT_ID:SECRET\"",
        operations.Options.ServesMetrics ? "\n<tr><td><a href=\"/metrics\"><code>/metrics</code></a></td><td>metrics, in the format of Prometheus</td></tr>" : "")));

    private static string AddressOf(HttpContext http)
    {
        // What stands in a host's name or in an address; anything else would not be one that people can use.
        var host = http.Request.Host.Value;
        if (string.IsNullOrEmpty(host) || !host.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' or ':' or '[' or ']'))
        {
            return "http://localhost:8181";
        }

        // Something that ends TLS in front of us says so.
        var isSecure = http.Request.IsHttps || http.Request.Headers["X-Forwarded-Proto"].ToString().Equals("https", StringComparison.OrdinalIgnoreCase);
        return $"{(isSecure ? "https" : "http")}://{host}";
    }

    private static string Html(string address, string credential, string metrics) => $$"""
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width">
        <title>Frazil</title>
        <style>
        :root { color-scheme: light dark; }
        body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 3rem auto; padding: 0 1rem; }
        code, pre { font: 14px/1.5 ui-monospace, monospace; background: #8882; border-radius: 4px; }
        code { padding: .1em .3em; } pre { padding: .8rem 1rem; overflow-x: auto; }
        td { padding: .15rem 1rem .15rem 0; vertical-align: top; }
        </style>
        </head>
        <body>
        <h1>Frazil {{Version}}</h1>
        <p>An <a href="https://iceberg.apache.org/">Apache Iceberg</a> REST catalog. It is spoken to by query engines; there is little to see for a browser.</p>
        <table>
        <tr><td><a href="/v1/config"><code>/v1/config</code></a></td><td>the Iceberg REST API begins here; also under <code>/catalog</code> and <code>/api/catalog</code></td></tr>
        <tr><td><a href="/openapi"><code>/openapi</code></a></td><td>every route, as an OpenAPI document</td></tr>
        <tr><td><a href="/health/live"><code>/health/live</code></a></td><td>whether the process lives</td></tr>
        <tr><td><a href="/health/ready"><code>/health/ready</code></a></td><td>whether its store answers</td></tr>{{metrics}}
        </table>
        <p>From Python:</p>
        <pre>from pyiceberg.catalog import load_catalog
        catalog = load_catalog("frazil", type="rest", uri="{{address}}"{{credential}})
        catalog.list_namespaces()</pre>
        </body>
        </html>

        """;
}
