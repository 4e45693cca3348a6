using System.Text.Json;
using Frazil.Iceberg;
using Frazil.Storage;

namespace Frazil.Entities;

/// <summary>Which storage a catalog's files are in.</summary>
public enum StorageType
{
    /// <summary>A file system that the catalog and its clients share.</summary>
    File,

    /// <summary>Amazon S3, or a store that speaks its protocol.</summary>
    S3,

    /// <summary>Azure Blob Storage or Data Lake Storage.</summary>
    Azure,

    /// <summary>The memory of this process; for tests.</summary>
    Memory,
}

/// <summary>Where a catalog's tables may be, and how its storage is reached (Polaris' <c>storageConfigInfo</c>). Holds no secret: credentials are named, and the host knows them.</summary>
public sealed record StorageProfile
{
    /// <summary>The kind of storage.</summary>
    public required StorageType Type { get; init; }

    /// <summary>The folder for tables that bring no location of their own.</summary>
    public required string BaseLocation { get; init; }

    /// <summary>Further places where tables may be. The base location always is allowed.</summary>
    public IReadOnlyList<string> AllowedLocations { get; init; } = [];

    /// <summary>S3: the endpoint as clients reach it, or null for Amazon's.</summary>
    public string? Endpoint { get; init; }

    /// <summary>S3: the endpoint as the catalog reaches it, when that is another one.</summary>
    public string? EndpointInternal { get; init; }

    /// <summary>S3: the region of the bucket.</summary>
    public string? Region { get; init; }

    /// <summary>S3: whether the bucket stands in the path rather than in the host's name.</summary>
    public bool PathStyleAccess { get; init; }

    /// <summary>The name under which the host finds static credentials; null to use the identity that the process has.</summary>
    public string? CredentialName { get; init; }

    /// <summary>S3: the role whose sessions are vended to clients.</summary>
    public string? RoleArn { get; init; }

    /// <summary>The names of the members that <see cref="Read"/> knows.</summary>
    public static IReadOnlyList<string> Members { get; } =
    [
        "storage-type", "base-location", "allowed-locations", "endpoint", "endpoint-internal", "region", "path-style-access", "credential-name", "role-arn",
    ];

    /// <summary>Members that this version does not know.</summary>
    internal UnknownMembers Unknown { get; init; }

    /// <summary>Reads the form of <see cref="WriteTo"/>.</summary>
    public static StorageProfile Read(JsonElement profile) => new()
    {
        Type = Enum.TryParse<StorageType>(profile.RequiredString("storage-type"), ignoreCase: true, out var type) && Enum.IsDefined(type)
            ? type
            : throw CatalogException.BadRequest("Cannot parse 'storage-type': it must be file, s3 or azure"),
        BaseLocation = profile.RequiredString("base-location"),
        AllowedLocations = profile.OptionalStrings("allowed-locations") ?? [],
        Endpoint = profile.OptionalString("endpoint"),
        EndpointInternal = profile.OptionalString("endpoint-internal"),
        Region = profile.OptionalString("region"),
        PathStyleAccess = profile.OptionalBoolean("path-style-access") ?? false,
        CredentialName = profile.OptionalString("credential-name"),
        RoleArn = profile.OptionalString("role-arn"),
        Unknown = profile.EnumerateObject().Where(member => !Members.Contains(member.Name))
            .Aggregate(default(UnknownMembers), (unknown, member) => unknown.With(member.Name, member.Value.Raw(default).ToArray())),
    };

    /// <summary>Writes the members of this profile.</summary>
    public void WriteTo(Utf8JsonWriter writer)
    {
        writer.WriteString("storage-type", Type switch
        {
            StorageType.File => "file",
            StorageType.S3 => "s3",
            StorageType.Azure => "azure",
            _ => "memory",
        });
        writer.WriteString("base-location", BaseLocation);
        writer.WriteStrings("allowed-locations", AllowedLocations);
        writer.WriteOptional("endpoint", Endpoint);
        writer.WriteOptional("endpoint-internal", EndpointInternal);
        writer.WriteOptional("region", Region);
        if (PathStyleAccess)
        {
            writer.WriteBoolean("path-style-access", true);
        }

        writer.WriteOptional("credential-name", CredentialName);
        writer.WriteOptional("role-arn", RoleArn);
        Unknown.WriteTo(writer);
    }
}

/// <summary>What dropping a table or view does: forgets its name for good, or moves it to the trash for a time.</summary>
/// <param name="Expiration">How long what is dropped can be undropped; null when it is gone at once (a hard delete). Fixed for each drop at that drop.</param>
public sealed record DeleteProfile(TimeSpan? Expiration)
{
    /// <summary>The default: seven days.</summary>
    public static readonly DeleteProfile Soft = new(TimeSpan.FromDays(7));

    /// <summary>Gone at once.</summary>
    public static readonly DeleteProfile Hard = new((TimeSpan?)null);
}

/// <summary>A catalog as stored: its name, which is also its prefix in the REST API, and where its files are.</summary>
public sealed record CatalogEntity
{
    /// <summary>Its identity; names its partition.</summary>
    public required Guid Id { get; init; }

    /// <summary>Its name: what clients call the warehouse.</summary>
    public required string Name { get; init; }

    /// <summary>Where its files are.</summary>
    public required StorageProfile Storage { get; init; }

    /// <summary>Its properties; those beginning with <c>defaults.</c> and <c>overrides.</c> are handed to clients by the config route.</summary>
    public IReadOnlyDictionary<string, string> Properties { get; init; } = new Dictionary<string, string>();

    /// <summary>What dropping does.</summary>
    public DeleteProfile DeleteProfile { get; init; } = DeleteProfile.Soft;

    /// <summary>The locations that it holds against every other catalog of the store, in canonical form. Those of an earlier storage stay, since tables may still be there.</summary>
    public IReadOnlyList<string> ReservedLocations { get; init; } = [];

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Members that this version does not know.</summary>
    internal UnknownMembers Unknown { get; init; }

    /// <summary>Reads a row.</summary>
    /// <exception cref="CatalogException">500 when it is damaged, or a newer version wrote it.</exception>
    public static CatalogEntity Read(Item item) => Rows.Read(item, static (ref row) =>
    {
        Guid? id = null;
        string? name = null;
        StorageProfile? storage = null;
        Dictionary<string, string>? properties = null;
        TimeSpan? expiration = null;
        DateTimeOffset? createdAt = null;
        List<string>? reservedLocations = null;
        UnknownMembers unknown = default;
        row.Enter();
        while (row.Next())
        {
            if (row.Is("id"u8))
            {
                id = row.Guid();
            }
            else if (row.Is("name"u8))
            {
                name = row.String();
            }
            else if (row.Is("storage"u8))
            {
                using var profile = Json.Parse(row.Raw());
                storage = StorageProfile.Read(profile.RootElement);
            }
            else if (row.Is("properties"u8))
            {
                properties = row.StringMap();
            }
            else if (row.Is("delete-expiration-seconds"u8))
            {
                expiration = TimeSpan.FromSeconds(row.Int64());
            }
            else if (row.Is("created-at-ms"u8))
            {
                createdAt = row.Time();
            }
            else if (row.Is("reserved-locations"u8))
            {
                reservedLocations = row.Strings();
            }
            else
            {
                row.Keep(ref unknown);
            }
        }

        return new CatalogEntity
        {
            Id = id ?? throw RowReader.Missing("id"),
            Name = name ?? throw RowReader.Missing("name"),
            Storage = storage ?? throw RowReader.Missing("storage"),
            Properties = properties ?? [],
            DeleteProfile = new DeleteProfile(expiration),
            CreatedAt = createdAt ?? throw RowReader.Missing("created-at-ms"),
            ReservedLocations = reservedLocations ?? [],
            Unknown = unknown,
        };
    });

    /// <summary>The row's value.</summary>
    public byte[] ToValue() => Rows.Write(this, static (writer, row) =>
    {
        writer.WriteString("id", row.Id);
        writer.WriteString("name", row.Name);
        writer.WriteStartObject("storage");
        row.Storage.WriteTo(writer);
        writer.WriteEndObject();
        writer.WriteStringMap("properties", row.Properties);
        writer.WriteOptional("delete-expiration-seconds", (long?)row.DeleteProfile.Expiration?.TotalSeconds);
        if (row.ReservedLocations.Count > 0)
        {
            writer.WriteStrings("reserved-locations", row.ReservedLocations);
        }

        writer.WriteNumber("created-at-ms", row.CreatedAt.ToUnixTimeMilliseconds());
        row.Unknown.WriteTo(writer);
    });
}
