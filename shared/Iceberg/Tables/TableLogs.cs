using System.Text.Json;

namespace Frazil.Iceberg;

/// <summary>One line of a table's history: from then on, this snapshot was the current one.</summary>
/// <param name="TimestampMs">Since when, in milliseconds since 1970.</param>
/// <param name="SnapshotId">The snapshot; it may have been expired since.</param>
public sealed record SnapshotLogEntry(long TimestampMs, long SnapshotId)
{
    /// <summary>Since when, in milliseconds since 1970.</summary>
    public long TimestampMs { get; } = TimestampMs;

    /// <summary>The snapshot; it may have been expired since.</summary>
    public long SnapshotId { get; } = SnapshotId;

    private SourceSlice Source { get; init; }

    /// <summary>Reads an entry.</summary>
    /// <exception cref="CatalogException">400 when a member is missing or of the wrong kind.</exception>
    public static SnapshotLogEntry Read(JsonElement element, ReadOnlyMemory<byte> source)
    {
        element.RequireObject("snapshot log entry");
        return new(element.RequiredInt64("timestamp-ms"), element.RequiredInt64("snapshot-id")) { Source = new SourceSlice(element.Raw(source)) };
    }

    /// <summary>Writes the entry as an object.</summary>
    public void WriteTo(Utf8JsonWriter writer)
    {
        if (Source.TryWriteTo(writer))
        {
            return;
        }

        writer.WriteStartObject();
        writer.WriteNumber("snapshot-id", SnapshotId);
        writer.WriteNumber("timestamp-ms", TimestampMs);
        writer.WriteEndObject();
    }

    internal static SnapshotLogEntry ReadStored(ref JsonCursor cursor)
    {
        cursor.RequireObject("snapshot log entry");
        var start = cursor.Start;
        long? timestamp = null;
        long? snapshot = null;
        while (cursor.NextMember())
        {
            if (cursor.Is("timestamp-ms"u8) && timestamp is null)
            {
                timestamp = cursor.OptionalInt64("timestamp-ms");
            }
            else if (cursor.Is("snapshot-id"u8) && snapshot is null)
            {
                snapshot = cursor.OptionalInt64("snapshot-id");
            }
            else
            {
                cursor.SkipValue();
            }
        }

        return new(timestamp ?? throw Json.Missing("timestamp-ms"), snapshot ?? throw Json.Missing("snapshot-id")) { Source = new SourceSlice(cursor.SliceFrom(start)) };
    }
}

/// <summary>A metadata file that was the table's current one before.</summary>
/// <param name="TimestampMs">When that metadata was written, in milliseconds since 1970.</param>
/// <param name="MetadataFile">Where it is.</param>
public sealed record MetadataLogEntry(long TimestampMs, string MetadataFile)
{
    /// <summary>When that metadata was written, in milliseconds since 1970.</summary>
    public long TimestampMs { get; } = TimestampMs;

    /// <summary>Where it is.</summary>
    public string MetadataFile { get; } = MetadataFile;

    private SourceSlice Source { get; init; }

    /// <summary>Reads an entry.</summary>
    /// <exception cref="CatalogException">400 when a member is missing or of the wrong kind.</exception>
    public static MetadataLogEntry Read(JsonElement element, ReadOnlyMemory<byte> source)
    {
        element.RequireObject("metadata log entry");
        return new(element.RequiredInt64("timestamp-ms"), element.RequiredString("metadata-file")) { Source = new SourceSlice(element.Raw(source)) };
    }

    /// <summary>Writes the entry as an object.</summary>
    public void WriteTo(Utf8JsonWriter writer)
    {
        if (Source.TryWriteTo(writer))
        {
            return;
        }

        writer.WriteStartObject();
        writer.WriteNumber("timestamp-ms", TimestampMs);
        writer.WriteString("metadata-file", MetadataFile);
        writer.WriteEndObject();
    }

    internal static MetadataLogEntry ReadStored(ReadOnlyMemory<byte> slice)
    {
        using var document = Json.Parse(slice);
        return Read(document.RootElement, slice);
    }
}
