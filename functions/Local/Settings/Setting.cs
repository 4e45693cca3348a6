namespace Frazil.Local;

/// <summary>What values a setting takes.</summary>
internal enum SettingForm
{
    /// <summary>One value.</summary>
    Single,

    /// <summary>On or off; the flag alone means on.</summary>
    Switch,

    /// <summary>Any number of values: a flag for each, an array in a file, commas in the environment.</summary>
    Many,

    /// <summary>One value that others must not see: in the environment alone, since command lines are shown to everybody and files are copied.</summary>
    Secret,
}

/// <summary>
/// A setting of <c>frazil serve</c>. One rule makes its names: the option <c>--s3-endpoint</c> is the variable <c>FRAZIL__S3_ENDPOINT</c>, and the member <c>s3-endpoint</c> of the section
/// <c>Frazil</c> of appsettings.json.
/// </summary>
/// <param name="Flag">The option, without its dashes.</param>
/// <param name="Value">What stands for the value in the help text.</param>
/// <param name="Meaning">For the help text.</param>
/// <param name="Form">How many values it takes.</param>
/// <param name="OnClouds">The variable of the cloud hosts that means the same, and so means it here too.</param>
internal sealed record Setting(string Flag, string Value, string Meaning, SettingForm Form = SettingForm.Single, string? OnClouds = null)
{
    /// <summary>The environment variable.</summary>
    public string Variable => SettingSources.Prefix + Flag.ToUpperInvariant().Replace('-', '_');

    /// <summary>Every environment variable that sets it.</summary>
    public IEnumerable<string> Variables => OnClouds is null || OnClouds == Variable ? [Variable] : [Variable, OnClouds];

    /// <summary>The description of the option in the help text.</summary>
    public string Help => $"{Meaning} ({string.Join(" or ", Variables)})";
}

/// <summary>Every setting of <c>frazil serve</c>.</summary>
internal static class SettingList
{
    public static readonly Setting Host = new("host", "ADDRESS", "The address to listen on [default: 127.0.0.1]");
    public static readonly Setting Port = new("port", "PORT", "The port to listen on; 0 takes a free one and prints it [default: 8181]");
    public static readonly Setting Insecure = new("insecure", "", "Serve although no credentials are asked for: an address that others can reach, any host name or web page, and a store that was served with --auth", SettingForm.Switch);
    public static readonly Setting Auth = new("auth", "", $"Ask for credentials: the root client's, from {SettingNames.RootSecret} or made at the first start and shown once", SettingForm.Switch);
    public static readonly Setting RootClientId = new("root-client-id", "NAME", "The root client's id [default: root]", OnClouds: SettingNames.RootClientId);
    public static readonly Setting RootSecret = new("root-secret", "SECRET", "The root client's secret", SettingForm.Secret, SettingNames.RootSecret);
    public static readonly Setting Data = new("data", "FOLDER", "The folder for the catalog's store and, unless --warehouse says otherwise, its tables [default: ./frazil-data]");
    public static readonly Setting Store = new("store", "sqlite|dynamodb|memory", "Where names and pointers are kept; memory forgets them at the end [default: sqlite]", OnClouds: SettingNames.Store);
    public static readonly Setting DynamoDbTable = new("dynamodb-table", "NAME", "The table for --store dynamodb; made when it is missing [default: frazil]", OnClouds: SettingNames.DynamoDbTable);
    public static readonly Setting DynamoDbEndpoint = new("dynamodb-endpoint", "URL", "Where DynamoDB is, when it is not Amazon's");
    public static readonly Setting DynamoDbRegion = new("dynamodb-region", "REGION", "The table's region [default: as the AWS environment says]");
    public static readonly Setting DefaultCatalog = new("default-catalog", "NAME", "The catalog that is meant when a client names none; made when it is missing [default: default]", OnClouds: SettingNames.CatalogName);
    public static readonly Setting Warehouse = new("warehouse", "LOCATION", "Where the default catalog puts tables: a folder, file:///folder or s3://bucket/path [default: warehouse in the data folder]", OnClouds: SettingNames.CatalogBaseLocation);
    public static readonly Setting AllowLocation = new("allow-location", "LOCATION", "A further location where tables of the default catalog may be, such as file:/tmp/; may be repeated", SettingForm.Many, SettingNames.CatalogAllowedLocations);
    public static readonly Setting KeepDropped = new("keep-dropped", "TIME", "How long a dropped table or view of the default catalog can be undropped, such as 7d, 12h or 30s; 0 drops for good [default: 7d]");
    public static readonly Setting S3Endpoint = new("s3-endpoint", "URL", "Where the S3 of the warehouse is, when it is not Amazon's");
    public static readonly Setting S3Region = new("s3-region", "REGION", "The region of the warehouse's bucket [default: as the AWS environment says]", OnClouds: SettingNames.CatalogRegion);
    public static readonly Setting S3PathStyle = new("s3-path-style", "", "Address the warehouse's bucket in the path and not in the host name", SettingForm.Switch);
    public static readonly Setting S3Credentials = new("s3-credentials", "NAME", "Reach the warehouse's S3 with the credentials of this name [default: as the AWS environment says]");
    public static readonly Setting Catalogs = new("catalogs", "FILE", "A JSON file of catalogs to make or to change at start");
    public static readonly Setting SharedLocations = new("shared-locations", "", "Let locations of catalogs overlap; gives up that a purge in one cannot delete files of another", SettingForm.Switch);
    public static readonly Setting CredentialsFile = new("credentials", "FILE", "A JSON file of named S3 credentials; else FRAZIL__CREDENTIALS__<NAME>__ACCESS_KEY_ID and __SECRET_ACCESS_KEY");
    public static readonly Setting NamespaceSeparator = new("namespace-separator", "TEXT", "What clients put between the levels of a namespace, URL-encoded [default: %1F]");
    public static readonly Setting CacheMegabytes = new("cache-mb", "MIB", "Memory for table metadata; 0 caches nothing [default: 128]");
    public static readonly Setting ShutdownSeconds = new("shutdown-seconds", "SECONDS", "How long requests may take to finish after SIGTERM or Ctrl+C [default: 30]");
    public static readonly Setting Json = new("json", "", "Log JSON, one object a line, every request included", SettingForm.Switch);
    public static readonly Setting LogLevel = new("log-level", "debug|information|warning|error", "The least that is logged; debug shows reads too [default: information; debug with --json]");
    public static readonly Setting Otlp = new("otlp", "URL", "Send metrics and traces to this collector by OTLP, such as http://localhost:4318 [default: as OTEL_EXPORTER_OTLP_ENDPOINT says; none]");
    public static readonly Setting Config = new("config", "FILE", "A file of settings, in its section Frazil [default: ./appsettings.json when there is one]");

    /// <summary>In the order of the help text.</summary>
    public static IReadOnlyList<Setting> All { get; } =
    [
        Host, Port, Insecure, Auth, RootClientId, RootSecret, Data, Store, DynamoDbTable, DynamoDbEndpoint, DynamoDbRegion, DefaultCatalog, Warehouse, AllowLocation, KeepDropped, S3Endpoint, S3Region,
        S3PathStyle, S3Credentials, Catalogs, SharedLocations, CredentialsFile, NamespaceSeparator, CacheMegabytes, ShutdownSeconds, Json, LogLevel, Otlp, Config,
    ];

    /// <summary>Those that say where the store is.</summary>
    public static IReadOnlyList<Setting> OfStore { get; } = [Data, Store, DynamoDbTable, DynamoDbEndpoint, DynamoDbRegion, CredentialsFile, Config];

    /// <summary>Those that are options of the command line.</summary>
    public static IEnumerable<Setting> Options => All.Where(setting => setting.Form != SettingForm.Secret);

    private static readonly Dictionary<string, Setting> ByName = All
        .SelectMany(setting => setting.Variables.Select(variable => (Name: SettingSources.Normal(SettingSources.KeyOf(variable)), setting)))
        .Distinct()
        .ToDictionary(entry => entry.Name, entry => entry.setting);

    /// <summary>The setting of a name, as <see cref="SettingSources.Normal"/> reads it.</summary>
    public static Setting? Find(string key) => ByName.GetValueOrDefault(SettingSources.Normal(key));
}
