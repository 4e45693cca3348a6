using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace Frazil.LambdaEmulator;

/// <summary>A web server on loopback, as the Runtime API and the front door are one each.</summary>
internal static class LocalWeb
{
    private const int MaxRequestBytes = 64 * 1024 * 1024;

    public static WebApplication Create(int port = 0)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { EnvironmentName = "Production", ContentRootPath = AppContext.BaseDirectory });
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, port);
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = MaxRequestBytes;
            kestrel.Limits.MaxRequestLineSize = 64 * 1024;
            kestrel.Limits.MinRequestBodyDataRate = null;
        });
        return builder.Build();
    }

    public static async Task<Uri> StartAsync(WebApplication app)
    {
        await app.StartAsync();
        return new Uri(app.Urls.Single());
    }

    public static async Task<byte[]> ReadAsync(Stream body)
    {
        using var memory = new MemoryStream();
        await body.CopyToAsync(memory);
        return memory.ToArray();
    }
}
