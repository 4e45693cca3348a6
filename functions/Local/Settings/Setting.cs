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
}

/// <summary>A setting of <c>frazil serve</c>: a flag, an environment variable and a member of the section <c>Frazil</c> of appsettings.json.</summary>
/// <param name="Flag">The flag, without its dashes.</param>
/// <param name="Key">Its path in the file, levels joined by a colon; in the environment joined by two underscores after <c>FRAZIL__</c>.</param>
/// <param name="Value">What stands for the value in the help text.</param>
/// <param name="Meaning">For the help text.</param>
/// <param name="Form">How many values it takes.</param>
internal sealed record Setting(string Flag, string Key, string Value, string Meaning, SettingForm Form = SettingForm.Single)
{
    /// <summary>The environment variable.</summary>
    public string Variable => SettingSources.Prefix + Key.ToUpperInvariant().Replace(":", "__", StringComparison.Ordinal);
}

/// <summary>Every setting of <c>frazil serve</c>. Where a cloud host has the same setting, the environment variable is the same.</summary>
internal static class SettingList
{
    public static readonly Setting Host = new("host", "Host", "ADDRESS", "The address to listen on [default: 127.0.0.1]");
    public static readonly Setting Port = new("port", "Port", "PORT", "The port to listen on; 0 takes a free one and prints it [default: 8181]");
    public static readonly Setting Insecure = new("insecure", "Insecure", "", "Serve an address that others can reach although no credentials are asked for, and any host name or web page", SettingForm.Switch);
    public static readonly Setting Auth = new("auth", "Auth:Enabled", "", "Ask for credentials: the root client's, from FRAZIL__AUTH__ROOTSECRET or made at the first start and shown once", SettingForm.Switch);
    public static readonly Setting RootClientId = new("root-client-id", "Auth:RootClientId", "NAME", "The root client's id [default: root]");
    public static readonly Setting Data = new("data", "Data", "FOLDER", "The folder for the catalog's store and, unless --warehouse says otherwise, its tables [default: ./frazil-data]");
    public static readonly Setting Store = new("store", "Store", "sqlite|dynamodb|memory", "Where names and pointers are kept; memory forgets them at the end [default: sqlite]");
    public static readonly Setting DynamoDbTable = new("dynamodb-table", "DynamoDb:Table", "NAME", "The table for --store dynamodb; made when it is missing [default: frazil]");
    public static readonly Setting DynamoDbEndpoint = new("dynamodb-endpoint", "DynamoDb:Endpoint", "URL", "Where DynamoDB is, when it is not Amazon's");
    public static readonly Setting DynamoDbRegion = new("dynamodb-region", "DynamoDb:Region", "REGION", "The table's region [default: as the AWS environment says]");
    public static readonly Setting DefaultCatalog = new("default-catalog", "Catalog:Name", "NAME", "The catalog that is meant when a client names none; made when it is missing [default: default]");
    public static readonly Setting Warehouse = new("warehouse", "Catalog:BaseLocation", "LOCATION", "Where the default catalog puts tables: a folder, file:///folder or s3://bucket/path [default: warehouse in the data folder]");
    public static readonly Setting AllowLocation = new("allow-location", "Catalog:AllowedLocations", "LOCATION", "A further location where tables of the default catalog may be, such as file:/tmp/; may be repeated", SettingForm.Many);
    public static readonly Setting KeepDropped = new("keep-dropped", "Catalog:KeepDropped", "TIME", "How long a dropped table or view of the default catalog can be undropped, such as 7d, 12h or 30s; 0 drops for good [default: 7d]");
    public static readonly Setting S3Endpoint = new("s3-endpoint", "Catalog:Endpoint", "URL", "Where the S3 of the warehouse is, when it is not Amazon's");
    public static readonly Setting S3Region = new("s3-region", "Catalog:Region", "REGION", "The region of the warehouse's bucket");
    public static readonly Setting S3PathStyle = new("s3-path-style", "Catalog:PathStyleAccess", "", "Address the warehouse's bucket in the path and not in the host name", SettingForm.Switch);
    public static readonly Setting S3Credentials = new("s3-credentials", "Catalog:CredentialName", "NAME", "Reach the warehouse's S3 with the credentials of this name [default: as the AWS environment says]");
    public static readonly Setting Catalogs = new("catalogs", "Catalogs", "FILE", "A JSON file of catalogs to make or to change at start");
    public static readonly Setting SharedLocations = new("shared-locations", "SharedLocations", "", "Let locations of catalogs overlap; gives up that a purge in one cannot delete files of another", SettingForm.Switch);
    public static readonly Setting CredentialsFile = new("credentials", "CredentialsFile", "FILE", "A JSON file of named S3 credentials; else FRAZIL__CREDENTIALS__<NAME>__ACCESSKEYID and __SECRETACCESSKEY");
    public static readonly Setting NamespaceSeparator = new("namespace-separator", "NamespaceSeparator", "TEXT", "What clients put between the levels of a namespace, URL-encoded [default: %1F]");
    public static readonly Setting CacheMegabytes = new("cache-mb", "CacheMb", "MIB", "Memory for table metadata; 0 caches nothing [default: 128]");
    public static readonly Setting ShutdownSeconds = new("shutdown-seconds", "ShutdownSeconds", "SECONDS", "How long requests may take to finish after SIGTERM or Ctrl+C [default: 30]");
    public static readonly Setting Json = new("json", "Json", "", "Log JSON, one object a line, every request included", SettingForm.Switch);
    public static readonly Setting LogLevel = new("log-level", "LogLevel", "debug|information|warning|error", "The least that is logged; debug shows reads too [default: information; debug with --json]");
    public static readonly Setting Otlp = new("otlp", "Otlp", "URL", "Send metrics and traces to this collector by OTLP, such as http://localhost:4318 [default: as OTEL_EXPORTER_OTLP_ENDPOINT says; none]");
    public static readonly Setting Config = new("config", "Config", "FILE", "A file of settings, in its section Frazil [default: ./appsettings.json when there is one]");

    /// <summary>In the order of the help text.</summary>
    public static IReadOnlyList<Setting> All { get; } =
    [
        Host, Port, Insecure, Auth, RootClientId, Data, Store, DynamoDbTable, DynamoDbEndpoint, DynamoDbRegion, DefaultCatalog, Warehouse, AllowLocation, KeepDropped, S3Endpoint, S3Region, S3PathStyle,
        S3Credentials, Catalogs, SharedLocations, CredentialsFile, NamespaceSeparator, CacheMegabytes, ShutdownSeconds, Json, LogLevel, Otlp, Config,
    ];
}
