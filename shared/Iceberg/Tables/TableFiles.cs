using System.Buffers.Text;
using System.Text.Json;

namespace Frazil.Iceberg;

/// <summary>A statistics file (Puffin) of a snapshot. Kept as the JSON it was read from.</summary>
public sealed record StatisticsFile
{
    private readonly SourceSlice source;

    private StatisticsFile(JsonElement element, SourceSlice source)
    {
        this.source = source;
        SnapshotId = element.RequiredInt64("snapshot-id");
        StatisticsPath = element.RequiredString("statistics-path");
        FileSizeInBytes = element.RequiredInt64("file-size-in-bytes");
        FileFooterSizeInBytes = element.RequiredInt64("file-footer-size-in-bytes");
        _ = element.RequiredList("blob-metadata", blob => blob.RequireObject("blob-metadata").RequiredString("type"));
    }

    /// <summary>The snapshot it describes. A table has at most one statistics file per snapshot.</summary>
    public long SnapshotId { get; }

    /// <summary>Where it is.</summary>
    public string StatisticsPath { get; }

    /// <summary>Its size.</summary>
    public long FileSizeInBytes { get; }

    /// <summary>The size of its footer.</summary>
    public long FileFooterSizeInBytes { get; }

    /// <inheritdoc />
    public bool Equals(StatisticsFile? other) => other is not null && new RawJson(source.Utf8) == new RawJson(other.source.Utf8);

    /// <inheritdoc />
    public override int GetHashCode() => SnapshotId.GetHashCode();

    /// <summary>Reads a statistics file that a client sent.</summary>
    /// <exception cref="CatalogException">400 when a member is missing or of the wrong kind.</exception>
    public static StatisticsFile Read(JsonElement element, ReadOnlyMemory<byte> source)
    {
        _ = source;   // nothing of the request is kept
        var file = new StatisticsFile(element.RequireObject("statistics"), new SourceSlice(NullMembers.LeftOut(element)));
        file.CheckBlobs();
        return file;
    }

    /// <summary>Each blob says what it is of. Readers ask for it, though only the type is looked at here.</summary>
    /// <exception cref="CatalogException">400 when not.</exception>
    internal void CheckBlobs()
    {
        using var document = Json.Parse(source.Utf8);
        foreach (var blob in document.RootElement.GetProperty("blob-metadata").EnumerateArray())
        {
            _ = blob.RequiredInt64("snapshot-id");
            _ = blob.RequiredInt64("sequence-number");
            _ = blob.OptionalInt32s("fields") ?? throw Json.Missing("fields");
            _ = blob.OptionalStringMap("properties");
        }
    }

    /// <summary>Writes it as an object, as it was read.</summary>
    public void WriteTo(Utf8JsonWriter writer) => source.TryWriteTo(writer);

    internal static StatisticsFile ReadStored(ReadOnlyMemory<byte> slice)
    {
        using var document = Json.Parse(slice);
        return new(document.RootElement.RequireObject("statistics"), new SourceSlice(slice));
    }
}

/// <summary>A file of partition statistics of a snapshot. Kept as the JSON it was read from.</summary>
public sealed record PartitionStatisticsFile
{
    private readonly SourceSlice source;

    private PartitionStatisticsFile(JsonElement element, SourceSlice source)
    {
        this.source = source;
        SnapshotId = element.RequiredInt64("snapshot-id");
        StatisticsPath = element.RequiredString("statistics-path");
        FileSizeInBytes = element.RequiredInt64("file-size-in-bytes");
    }

    /// <summary>The snapshot it describes. A table has at most one such file per snapshot.</summary>
    public long SnapshotId { get; }

    /// <summary>Where it is.</summary>
    public string StatisticsPath { get; }

    /// <summary>Its size.</summary>
    public long FileSizeInBytes { get; }

    /// <inheritdoc />
    public bool Equals(PartitionStatisticsFile? other) => other is not null && new RawJson(source.Utf8) == new RawJson(other.source.Utf8);

    /// <inheritdoc />
    public override int GetHashCode() => SnapshotId.GetHashCode();

    /// <summary>Reads a file that a client sent.</summary>
    /// <exception cref="CatalogException">400 when a member is missing or of the wrong kind.</exception>
    public static PartitionStatisticsFile Read(JsonElement element, ReadOnlyMemory<byte> source)
    {
        _ = source;   // nothing of the request is kept
        return new(element.RequireObject("partition-statistics"), SourceSlice.Normalised(element));
    }

    /// <summary>Writes it as an object, as it was read.</summary>
    public void WriteTo(Utf8JsonWriter writer) => source.TryWriteTo(writer);

    internal static PartitionStatisticsFile ReadStored(ReadOnlyMemory<byte> slice)
    {
        using var document = Json.Parse(slice);
        return new(document.RootElement.RequireObject("partition-statistics"), new SourceSlice(slice));
    }
}

/// <summary>An encrypted key of a table (format version 3). Kept as the JSON it was read from.</summary>
public sealed record EncryptedKey
{
    private readonly SourceSlice source;

    private EncryptedKey(JsonElement element, SourceSlice source)
    {
        this.source = source;
        KeyId = element.RequiredString("key-id");
        EncryptedById = element.OptionalString("encrypted-by-id");
        _ = element.RequiredString("encrypted-key-metadata");
        _ = element.OptionalStringMap("properties");
    }

    /// <summary>The id, unique in its table.</summary>
    public string KeyId { get; }

    /// <summary>The id of the key that encrypts this one, or null.</summary>
    public string? EncryptedById { get; }

    /// <inheritdoc />
    public bool Equals(EncryptedKey? other) => other is not null && new RawJson(source.Utf8) == new RawJson(other.source.Utf8);

    /// <inheritdoc />
    public override int GetHashCode() => StringComparer.Ordinal.GetHashCode(KeyId);

    /// <summary>Reads a key that a client sent.</summary>
    /// <exception cref="CatalogException">400 when a member is missing or of the wrong kind.</exception>
    public static EncryptedKey Read(JsonElement element, ReadOnlyMemory<byte> source)
    {
        _ = source;   // nothing of the request is kept
        var key = new EncryptedKey(element.RequireObject("encryption-key"), SourceSlice.Normalised(element));
        key.CheckMetadata();
        return key;
    }

    /// <summary>The encrypted key is base64, though it is not looked at here.</summary>
    /// <exception cref="CatalogException">400 when not.</exception>
    internal void CheckMetadata()
    {
        using var document = Json.Parse(source.Utf8);
        var text = document.RootElement.RequiredString("encrypted-key-metadata");
        var padded = text.EndsWith('=') ? text : text.PadRight((text.Length + 3) / 4 * 4, '=');   // what is missing at the end may be missing
        if (!Base64.IsValid(padded) || text.Any(char.IsWhiteSpace))
        {
            throw CatalogException.BadRequest("Cannot parse 'encrypted-key-metadata': not base64");
        }
    }

    /// <summary>Writes it as an object, as it was read.</summary>
    public void WriteTo(Utf8JsonWriter writer) => source.TryWriteTo(writer);

    internal static EncryptedKey ReadStored(ReadOnlyMemory<byte> slice)
    {
        using var document = Json.Parse(slice);
        return new(document.RootElement.RequireObject("encryption-key"), new SourceSlice(slice));
    }
}
