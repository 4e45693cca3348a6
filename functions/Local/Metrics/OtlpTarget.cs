namespace Frazil.Local;

/// <summary>The protocols of OTLP that are spoken.</summary>
internal enum OtlpProtocol
{
    /// <summary>Protobuf over HTTP, to <c>/v1/traces</c> and <c>/v1/metrics</c> below the endpoint.</summary>
    HttpProtobuf,

    /// <summary>gRPC.</summary>
    Grpc,
}

/// <summary>Where OTLP goes. Headers, intervals, sampling and the resource's attributes are what the standard environment variables (<c>OTEL_…</c>) say.</summary>
/// <param name="Endpoint">The collector.</param>
/// <param name="Protocol">How it is spoken to.</param>
internal sealed record OtlpTarget(Uri Endpoint, OtlpProtocol Protocol)
{
    private const string EndpointVariable = "OTEL_EXPORTER_OTLP_ENDPOINT";
    private const string ProtocolVariable = "OTEL_EXPORTER_OTLP_PROTOCOL";
    private const string DisabledVariable = "OTEL_SDK_DISABLED";

    /// <summary>The port on which collectors take gRPC.</summary>
    private const int GrpcPort = 4317;

    /// <summary>What a setting, or else the environment, says.</summary>
    /// <returns>The target, or null when nothing is to be sent.</returns>
    /// <exception cref="SettingException">It cannot be used.</exception>
    public static OtlpTarget? Read(string? setting, Func<string, string?> environment)
    {
        var text = setting ?? Text(EndpointVariable);
        if (text is null || (setting is null && Text(DisabledVariable)?.Equals("true", StringComparison.OrdinalIgnoreCase) == true))
        {
            return null;
        }

        var endpoint = Uri.TryCreate(text.TrimEnd('/'), UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
            ? url
            : throw new SettingException($"{EndpointVariable} must be an http or https URL");
        return new OtlpTarget(endpoint, Text(ProtocolVariable) switch
        {
            null => endpoint.Port == GrpcPort ? OtlpProtocol.Grpc : OtlpProtocol.HttpProtobuf,
            "http/protobuf" => OtlpProtocol.HttpProtobuf,
            "grpc" => OtlpProtocol.Grpc,
            var other => throw new SettingException($"{ProtocolVariable} is '{other}'; there are http/protobuf and grpc"),
        });

        string? Text(string variable) => environment(variable) is { Length: > 0 } value ? value : null;
    }

    /// <summary>Where one kind of signal goes.</summary>
    public Uri For(string signal) => Protocol == OtlpProtocol.Grpc ? Endpoint : new Uri($"{Endpoint.AbsoluteUri.TrimEnd('/')}/v1/{signal}");
}
