using System.Globalization;
using System.Net;
using Frazil.Entities;

namespace Frazil.Local;

/// <summary>The kinds of store that this host opens.</summary>
internal enum StoreKind
{
    /// <summary>A SQLite file in the data folder.</summary>
    Sqlite,

    /// <summary>A DynamoDB table.</summary>
    DynamoDb,

    /// <summary>The memory of this process.</summary>
    Memory,
}

/// <summary>What <c>frazil serve</c> was told, checked.</summary>
internal sealed record ServeOptions
{
    /// <summary>Mebibytes of cache that a 64-bit count of bytes certainly holds.</summary>
    private const int MaxCacheMegabytes = 1024 * 1024;

    private const int MaxShutdownSeconds = 3600;

    private static readonly TimeSpan MaxKeepDropped = TimeSpan.FromDays(3650);

    /// <summary>The address to listen on.</summary>
    public required IPAddress Address { get; init; }

    /// <summary>The port; 0 for a free one.</summary>
    public required int Port { get; init; }

    /// <summary>Whether whoever runs this knows that others may reach it.</summary>
    public required bool Insecure { get; init; }

    /// <summary>Whether credentials are asked for.</summary>
    public required bool Auth { get; init; }

    /// <summary>The root client's id, or null as it was when its secret was made.</summary>
    public string? RootClientId { get; init; }

    /// <summary>The root client's secret, when the environment gives it.</summary>
    public string? RootSecret { get; init; }

    /// <summary>The data folder, absolute.</summary>
    public required string Data { get; init; }

    /// <summary>The store.</summary>
    public required StoreKind Store { get; init; }

    /// <summary>The DynamoDB table.</summary>
    public required string DynamoDbTable { get; init; }

    /// <summary>Its endpoint, or null for Amazon's.</summary>
    public string? DynamoDbEndpoint { get; init; }

    /// <summary>Its region, or null as the AWS environment says.</summary>
    public string? DynamoDbRegion { get; init; }

    /// <summary>The storage of the default catalog.</summary>
    public required StorageProfile Storage { get; init; }

    /// <summary>Whether somebody chose that storage, rather than leaving it to us.</summary>
    public required bool IsStorageChosen { get; init; }

    /// <summary>What dropping does in the default catalog.</summary>
    public required DeleteProfile DeleteProfile { get; init; }

    /// <summary>A file of catalogs, or null.</summary>
    public string? CatalogsFile { get; init; }

    /// <summary>Named S3 credentials.</summary>
    public required S3CredentialSet Credentials { get; init; }

    /// <summary>The catalog's own options.</summary>
    public required FrazilOptions Frazil { get; init; }

    /// <summary>How long requests may take to finish.</summary>
    public required TimeSpan ShutdownTimeout { get; init; }

    /// <summary>Whether logs are JSON.</summary>
    public required bool Json { get; init; }

    /// <summary>The least that is logged.</summary>
    public required LogLevel LogLevel { get; init; }

    /// <summary>The collector that metrics and traces are sent to, or null for none.</summary>
    public OtlpTarget? Otlp { get; init; }

    /// <summary>Things that whoever started this should know.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }

    /// <summary>Reads and checks every setting.</summary>
    /// <exception cref="SettingException">One of them cannot be used.</exception>
    public static ServeOptions Read(SettingSources sources)
    {
        var data = Path.GetFullPath(Text(sources, SettingList.Data) ?? "frazil-data");
        var json = Switch(sources, SettingList.Json);
        var credentials = S3CredentialSet.Read(sources, Text(sources, SettingList.CredentialsFile), out var careless);
        var options = new ServeOptions
        {
            Address = ReadAddress(sources),
            Port = Number(sources, SettingList.Port, 8181, 0, 65535),
            Insecure = Switch(sources, SettingList.Insecure),
            Auth = Switch(sources, SettingList.Auth),
            RootClientId = Text(sources, SettingList.RootClientId),
            RootSecret = Text(sources, SettingList.RootSecret),
            Data = data,
            Store = Choice(sources, SettingList.Store, StoreKind.Sqlite),
            DynamoDbTable = Text(sources, SettingList.DynamoDbTable) ?? "frazil",
            DynamoDbEndpoint = Url(sources, SettingList.DynamoDbEndpoint),
            DynamoDbRegion = Text(sources, SettingList.DynamoDbRegion),
            Storage = ReadStorage(sources, data),
            DeleteProfile = sources.Find(SettingList.KeepDropped) is { } kept ? ReadDeleteProfile(kept.Text, kept.Where) : DeleteProfile.Soft,
            IsStorageChosen = Text(sources, SettingList.Warehouse) is not null,
            CatalogsFile = Text(sources, SettingList.Catalogs),
            Credentials = credentials,
            Frazil = new FrazilOptions
            {
                DefaultCatalog = Text(sources, SettingList.DefaultCatalog) ?? "default",
                MetadataCacheBytes = Number(sources, SettingList.CacheMegabytes, 128, 0, MaxCacheMegabytes) * 1024L * 1024,
                NamespaceSeparator = ReadSeparator(sources),
                ServesMetrics = true,
                SharesLocations = Switch(sources, SettingList.SharedLocations),
            },
            ShutdownTimeout = TimeSpan.FromSeconds(Number(sources, SettingList.ShutdownSeconds, 30, 0, MaxShutdownSeconds)),
            Json = json,
            LogLevel = Choice(sources, SettingList.LogLevel, json ? LogLevel.Debug : LogLevel.Information),
            Otlp = OtlpTarget.Read(Url(sources, SettingList.Otlp), Environment.GetEnvironmentVariable),
            Warnings = careless,
        };
        if (!IPAddress.IsLoopback(options.Address) && !options.Insecure && !options.Auth)
        {
            throw new SettingException(
                $"{options.Address} can be reached from other machines, and without --auth no credentials are asked for: anyone could read and change every table. "
                + "Say --auth, listen on 127.0.0.1, or say --insecure if something else protects that address");
        }

        return options;
    }

    private static IPAddress ReadAddress(SettingSources sources)
    {
        var (text, where) = sources.Find(SettingList.Host) ?? ("127.0.0.1", "");
        return text.ToLowerInvariant() switch
        {
            "localhost" => IPAddress.Loopback,
            "*" or "+" => IPAddress.IPv6Any,
            _ when IPAddress.TryParse(text, out var address) => address,
            _ => throw new SettingException($"{where} must be an IP address, localhost or *, not '{text}'"),
        };
    }

    /// <summary>Reads how long what is dropped is kept: a whole number of days, hours, minutes or seconds.</summary>
    /// <exception cref="SettingException">It is no such time.</exception>
    public static DeleteProfile ReadDeleteProfile(string text, string what)
    {
        var unit = text.Length == 0 ? ' ' : text[^1];
        var length = unit switch
        {
            'd' => TimeSpan.FromDays(1),
            'h' => TimeSpan.FromHours(1),
            'm' => TimeSpan.FromMinutes(1),
            _ => TimeSpan.FromSeconds(1),
        };
        var digits = unit is 'd' or 'h' or 'm' or 's' ? text[..^1] : text;
        return int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count <= MaxKeepDropped / length
            ? count == 0 ? DeleteProfile.Hard : new DeleteProfile(length * count)
            : throw new SettingException($"{what} must be a time such as 7d, 12h, 30m or 90s, at most {MaxKeepDropped.TotalDays} days, or 0; not '{text}'");
    }

    private static StorageProfile ReadStorage(SettingSources sources, string data)
    {
        var where = sources.Find(SettingList.Warehouse)?.Where ?? "--data";
        var location = ToLocation(Text(sources, SettingList.Warehouse) ?? Path.Join(data, "warehouse"), where);
        var (allowed, allowedWhere) = sources.FindMany(SettingList.AllowLocation);
        return new StorageProfile
        {
            Type = location.Scheme switch
            {
                "file" => StorageType.File,
                "s3" => StorageType.S3,
                "memory" => StorageType.Memory,
                var scheme => throw new SettingException($"{where}: this host cannot serve '{scheme}' storage; it serves file, s3 and memory"),
            },
            BaseLocation = location.Text,
            AllowedLocations = [.. allowed.Select(text => ToLocation(text, allowedWhere).Text)],
            Endpoint = Url(sources, SettingList.S3Endpoint),
            Region = Text(sources, SettingList.S3Region),
            PathStyleAccess = Switch(sources, SettingList.S3PathStyle),
            CredentialName = Text(sources, SettingList.S3Credentials),
        };
    }

    /// <summary>A location, or the path of a folder as a shell has it.</summary>
    private static Location ToLocation(string text, string where)
    {
        var isPath = !text.Contains(':', StringComparison.Ordinal) || (OperatingSystem.IsWindows() && Path.IsPathFullyQualified(text));
        try
        {
            return Location.Parse(isPath ? Path.GetFullPath(text) : text, where);
        }
        catch (Frazil.Iceberg.CatalogException exception)
        {
            throw new SettingException(exception.Message, exception);
        }
    }

    private static string ReadSeparator(SettingSources sources)
    {
        var (text, where) = sources.Find(SettingList.NamespaceSeparator) ?? ("%1F", "");
        var isEncoded = text.Length == 3 && text[0] == '%' && char.IsAsciiHexDigit(text[1]) && char.IsAsciiHexDigit(text[2]);
        return isEncoded || (text.Length == 1 && text[0] is '.' or '~' or '_' or '-' or '!' or '$' or '*' or ':' or '@')
            ? text
            : throw new SettingException($"{where} must be one URL-encoded character such as %1F or %2E, not '{text}'");
    }

    private static string? Text(SettingSources sources, Setting setting) => sources.Find(setting) switch
    {
        null => null,
        { Text.Length: > 0 } value => value.Text,
        { Where: var where } => throw new SettingException($"{where} must not be empty"),
    };

    private static string? Url(SettingSources sources, Setting setting)
    {
        if (sources.Find(setting) is not { } value)
        {
            return null;
        }

        return Uri.TryCreate(value.Text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" && url is { UserInfo: "", Query: "" }
            ? value.Text.TrimEnd('/')
            : throw new SettingException($"{value.Where} must be an http or https URL");
    }

    private static bool Switch(SettingSources sources, Setting setting) => sources.Find(setting) is { } value
        && (bool.TryParse(value.Text, out var isOn) ? isOn : throw new SettingException($"{value.Where} must be true or false, not '{value.Text}'"));

    private static int Number(SettingSources sources, Setting setting, int otherwise, int least, int most)
    {
        if (sources.Find(setting) is not { } value)
        {
            return otherwise;
        }

        return int.TryParse(value.Text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
            ? number
            : throw new SettingException($"{value.Where} must be a whole number from {least} to {most}, not '{value.Text}'");
    }

    /// <summary>One of the values that the help text lists.</summary>
    private static T Choice<T>(SettingSources sources, Setting setting, T otherwise)
        where T : struct, Enum
    {
        if (sources.Find(setting) is not { } value)
        {
            return otherwise;
        }

        return setting.Value.Split('|').Contains(value.Text, StringComparer.OrdinalIgnoreCase) && Enum.TryParse<T>(value.Text, ignoreCase: true, out var choice)
            ? choice
            : throw new SettingException($"{value.Where} must be one of {setting.Value.Replace("|", ", ", StringComparison.Ordinal)}, not '{value.Text}'");
    }
}
