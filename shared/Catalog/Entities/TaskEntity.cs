using System.Text.Json;
using Frazil.Iceberg;
using Frazil.Storage;

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

    /// <summary>Members that this version does not know.</summary>
    internal UnknownMembers Unknown { get; init; }

    /// <summary>Reads a row.</summary>
    /// <exception cref="CatalogException">500 when it is damaged, or a newer version wrote it.</exception>
    public static TaskEntity Read(Item item) => Rows.Read(item, static (ref row) =>
    {
        Guid? id = null;
        TrashEntity? subject = null;
        bool? holdsClaims = null;
        TaskState? state = null;
        DateTimeOffset? createdAt = null, scheduledFor = null, leasedUntil = null, endedAt = null;
        int? attempt = null;
        var position = PurgePosition.Begin;
        long? filesDeleted = null, filesSkipped = null;
        string? message = null;
        UnknownMembers unknown = default;
        row.Enter();
        while (row.Next())
        {
            if (row.Is("id"u8))
            {
                id = row.Guid();
            }
            else if (row.Is("subject"u8))
            {
                subject = TrashEntity.Read(ref row);
            }
            else if (row.Is("holds-claims"u8))
            {
                holdsClaims = row.Boolean();
            }
            else if (row.Is("state"u8))
            {
                state = Enum.Parse<TaskState>(row.String());
            }
            else if (row.Is("created-at-ms"u8))
            {
                createdAt = row.Time();
            }
            else if (row.Is("scheduled-for-ms"u8))
            {
                scheduledFor = row.Time();
            }
            else if (row.Is("attempt"u8))
            {
                attempt = row.Int32();
            }
            else if (row.Is("position"u8))
            {
                position = PurgePosition.Read(ref row);
            }
            else if (row.Is("leased-until-ms"u8))
            {
                leasedUntil = row.Time();
            }
            else if (row.Is("ended-at-ms"u8))
            {
                endedAt = row.Time();
            }
            else if (row.Is("files-deleted"u8))
            {
                filesDeleted = row.Int64();
            }
            else if (row.Is("files-skipped"u8))
            {
                filesSkipped = row.Int64();
            }
            else if (row.Is("message"u8))
            {
                message = row.String();
            }
            else
            {
                row.Keep(ref unknown);
            }
        }

        return new TaskEntity
        {
            Id = id ?? throw RowReader.Missing("id"),
            Subject = subject ?? throw RowReader.Missing("subject"),
            HoldsClaims = holdsClaims ?? throw RowReader.Missing("holds-claims"),
            State = state ?? throw RowReader.Missing("state"),
            CreatedAt = createdAt ?? throw RowReader.Missing("created-at-ms"),
            ScheduledFor = scheduledFor ?? throw RowReader.Missing("scheduled-for-ms"),
            Attempt = attempt ?? throw RowReader.Missing("attempt"),
            Position = position,
            LeasedUntil = leasedUntil,
            EndedAt = endedAt,
            FilesDeleted = filesDeleted ?? throw RowReader.Missing("files-deleted"),
            FilesSkipped = filesSkipped ?? throw RowReader.Missing("files-skipped"),
            Message = message,
            Unknown = unknown,
        };
    });

    /// <summary>The row's value.</summary>
    public byte[] ToValue() => Rows.Write(this, static (writer, row) =>
    {
        writer.WriteString("id", row.Id);
        writer.WriteStartObject("subject");
        row.Subject.WriteMembers(writer);
        writer.WriteEndObject();
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
        row.Unknown.WriteTo(writer);
    });
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

    internal static PurgePosition Read(ref RowReader row)
    {
        int? snapshot = null, manifest = null;
        long? entry = null;
        row.Enter();
        while (row.Next())
        {
            if (row.Is("snapshot"u8))
            {
                snapshot = row.Int32();
            }
            else if (row.Is("manifest"u8))
            {
                manifest = row.Int32();
            }
            else if (row.Is("entry"u8))
            {
                entry = row.Int64();
            }
            else
            {
                row.SkipMember();
            }
        }

        return new PurgePosition(
            snapshot ?? throw RowReader.Missing("snapshot"), manifest ?? throw RowReader.Missing("manifest"), entry ?? throw RowReader.Missing("entry"));
    }

    internal void WriteTo(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteNumber("snapshot", Snapshot);
        writer.WriteNumber("manifest", Manifest);
        writer.WriteNumber("entry", Entry);
        writer.WriteEndObject();
    }
}
