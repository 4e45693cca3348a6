using System.Text.Json;
using Frazil.Iceberg;

namespace Frazil.Entities;

/// <summary>Where a task stands.</summary>
public enum TaskState
{
    /// <summary>Waiting for its time.</summary>
    Scheduled,

    /// <summary>Leased by a worker; when the lease ends without a result, another takes it.</summary>
    Running,

    /// <summary>Done.</summary>
    Success,

    /// <summary>Given up after <see cref="Tasks.MaxAttempts"/> tries, or for a reason that another try would meet again. Waits for a person.</summary>
    Failed,

    /// <summary>Called off by a person.</summary>
    Cancelled,
}

/// <summary>A piece of work that outlives a request: the purge of a dropped table's files.</summary>
public sealed record TaskEntity
{
    /// <summary>Its id.</summary>
    public required Guid Id { get; init; }

    /// <summary>The table whose files are to be deleted.</summary>
    public required TrashEntity Subject { get; init; }

    /// <summary>Whether the table's claims on its locations are still held, for the purge.</summary>
    public required bool HoldsClaims { get; init; }

    /// <summary>Where it stands.</summary>
    public required TaskState State { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it may run.</summary>
    public required DateTimeOffset ScheduledFor { get; init; }

    /// <summary>How often it was begun since it last got on.</summary>
    public int Attempt { get; init; }

    /// <summary>Until when a worker has it.</summary>
    public DateTimeOffset? LeasedUntil { get; init; }

    /// <summary>When it ended.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>How far the purge is for certain: the next try goes on there.</summary>
    public PurgePosition Position { get; init; } = PurgePosition.Begin;

    /// <summary>Files deleted so far. What a worker deleted after its last sign of life counts again in the next try.</summary>
    public long FilesDeleted { get; init; }

    /// <summary>Files left alone since they are outside of the table's own locations.</summary>
    public long FilesSkipped { get; init; }

    /// <summary>Why the last try failed, or what there is to know about the purge.</summary>
    public string? Message { get; init; }

    /// <summary>Whether nothing more will happen to it by itself.</summary>
    public bool HasEnded => State is TaskState.Success or TaskState.Failed or TaskState.Cancelled;

    /// <summary>Reads a row's value.</summary>
    public static TaskEntity Read(ReadOnlyMemory<byte> value)
    {
        using var document = Json.Parse(value);
        var row = document.RootElement;
        return new TaskEntity
        {
            Id = Guid.Parse(row.RequiredString("id")),
            Subject = TrashEntity.Read(row.RequiredObject("subject")),
            HoldsClaims = row.RequiredBoolean("holds-claims"),
            State = Enum.Parse<TaskState>(row.RequiredString("state")),
            CreatedAt = Time(row.RequiredInt64("created-at-ms")),
            ScheduledFor = Time(row.RequiredInt64("scheduled-for-ms")),
            Attempt = row.RequiredInt32("attempt"),
            Position = row.OptionalObject("position") is { } position ? PurgePosition.Read(position) : PurgePosition.Begin,
            LeasedUntil = row.OptionalInt64("leased-until-ms") is { } lease ? Time(lease) : null,
            EndedAt = row.OptionalInt64("ended-at-ms") is { } end ? Time(end) : null,
            FilesDeleted = row.RequiredInt64("files-deleted"),
            FilesSkipped = row.RequiredInt64("files-skipped"),
            Message = row.OptionalString("message"),
        };
    }

    /// <summary>The row's value.</summary>
    public byte[] ToValue() => Json.Write(this, static (writer, row) =>
    {
        writer.WriteStartObject();
        writer.WriteString("id", row.Id);
        writer.WritePropertyName("subject");
        row.Subject.WriteTo(writer);
        writer.WriteBoolean("holds-claims", row.HoldsClaims);
        writer.WriteString("state", row.State.ToString());
        writer.WriteNumber("created-at-ms", row.CreatedAt.ToUnixTimeMilliseconds());
        writer.WriteNumber("scheduled-for-ms", row.ScheduledFor.ToUnixTimeMilliseconds());
        writer.WriteNumber("attempt", row.Attempt);
        writer.WritePropertyName("position");
        row.Position.WriteTo(writer);
        writer.WriteOptional("leased-until-ms", row.LeasedUntil?.ToUnixTimeMilliseconds());
        writer.WriteOptional("ended-at-ms", row.EndedAt?.ToUnixTimeMilliseconds());
        writer.WriteNumber("files-deleted", row.FilesDeleted);
        writer.WriteNumber("files-skipped", row.FilesSkipped);
        writer.WriteOptional("message", row.Message);
        writer.WriteEndObject();
    });

    private static DateTimeOffset Time(long ms) => DateTimeOffset.FromUnixTimeMilliseconds(ms);
}

/// <summary>
/// A place in the tree of a table's files. The metadata file, manifest lists and manifests never change, so counting is enough: everything before the place is deleted.
/// </summary>
/// <param name="Snapshot">The snapshot, in the order of the metadata; as many as there are for what the metadata names itself.</param>
/// <param name="Manifest">The manifest, in the order of the snapshot's list; of what the metadata names itself, the files that are done.</param>
/// <param name="Entry">Entries of the manifest that are done.</param>
public sealed record PurgePosition(int Snapshot, int Manifest, long Entry)
{
    /// <summary>Nothing is done.</summary>
    public static readonly PurgePosition Begin = new(0, 0, 0);

    internal static PurgePosition Read(JsonElement row) => new(row.RequiredInt32("snapshot"), row.RequiredInt32("manifest"), row.RequiredInt64("entry"));

    internal void WriteTo(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteNumber("snapshot", Snapshot);
        writer.WriteNumber("manifest", Manifest);
        writer.WriteNumber("entry", Entry);
        writer.WriteEndObject();
    }
}
