using System.Security.Cryptography;
using System.Text;
using Amazon.Runtime;

namespace Frazil.AwsBackend;

/// <summary>
/// Signs a request to an AWS service with Signature Version 4, for the few calls that no client of the SDK is loaded for. Only requests without a query: the JSON protocols post to <c>/</c>.
/// </summary>
/// <remarks>https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html</remarks>
public static class SignatureV4
{
    private const string Algorithm = "AWS4-HMAC-SHA256";

    /// <summary>Adds <c>X-Amz-Date</c>, with temporary credentials <c>X-Amz-Security-Token</c>, and <c>Authorization</c>. Every header that is there by then is signed, so nothing may be added after.</summary>
    /// <param name="request">Method, an absolute address without a query, and headers.</param>
    /// <param name="body">The body that will be sent.</param>
    /// <param name="credentials">Whose request it is.</param>
    /// <param name="region">The region, such as <c>eu-central-1</c>.</param>
    /// <param name="service">The service's signing name, such as <c>ssm</c>.</param>
    /// <param name="now">The time; AWS refuses what is five minutes off.</param>
    /// <exception cref="ArgumentException">The request has no absolute address, or has a query.</exception>
    public static void Sign(HttpRequestMessage request, ReadOnlySpan<byte> body, ImmutableCredentials credentials, string region, string service, DateTimeOffset now)
    {
        if (request.RequestUri is not { IsAbsoluteUri: true, Query.Length: 0 } uri)
        {
            throw new ArgumentException("Only a request to an absolute address without a query can be signed", nameof(request));
        }

        var time = now.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", System.Globalization.CultureInfo.InvariantCulture);
        request.Headers.Remove("X-Amz-Date");
        request.Headers.Add("X-Amz-Date", time);
        if (!string.IsNullOrEmpty(credentials.Token))
        {
            request.Headers.Add("X-Amz-Security-Token", credentials.Token);
        }

        SortedDictionary<string, string> headers = new(StringComparer.Ordinal) { ["host"] = uri.IsDefaultPort ? uri.Host : $"{uri.Host}:{uri.Port}" };
        foreach (var (name, values) in request.Headers.Concat(request.Content?.Headers.AsEnumerable() ?? []))
        {
            headers[name.ToLowerInvariant()] = string.Join(',', values.Select(value => value.Trim()));
        }

        var signed = string.Join(';', headers.Keys);
        var canonical = $"{request.Method}\n{uri.AbsolutePath}\n\n{string.Concat(headers.Select(header => $"{header.Key}:{header.Value}\n"))}\n{signed}\n{Hex(SHA256.HashData(body))}";
        var scope = $"{time[..8]}/{region}/{service}/aws4_request";
        var text = $"{Algorithm}\n{time}\n{scope}\n{Hex(SHA256.HashData(Encoding.UTF8.GetBytes(canonical)))}";
        var key = Encoding.UTF8.GetBytes("AWS4" + credentials.SecretKey);
        foreach (var part in (string[])[time[..8], region, service, "aws4_request"])
        {
            key = Hmac(key, part);
        }

        // Parameters of this header hold slashes and commas, which a typed header would refuse.
        request.Headers.TryAddWithoutValidation("Authorization", $"{Algorithm} Credential={credentials.AccessKey}/{scope}, SignedHeaders={signed}, Signature={Hex(Hmac(key, text))}");
    }

    private static byte[] Hmac(byte[] key, string text) => HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text));

    private static string Hex(byte[] bytes) => Convert.ToHexStringLower(bytes);
}
