using Frazil.Entities;
using Frazil.Iceberg;
using Frazil.Storage;

namespace Frazil;

/// <summary>
/// Rows of versions that gave no ends: records of idempotency keys, and tasks that have ended. They are found by walking their folders, once: each gets the end that it would have been given,
/// and goes with the others. The walk goes on where the run before it stopped, and begins again only when it met such a row, since a version that writes more of them may be running beside this one.
/// </summary>
internal static class EarlierRows
{
    /// <summary>Rows of one batch: each counts twice, and the position is one more.</summary>
    private const int PageSize = (IKeyValueStore.MaxBatch - 1) / 2;

    /// <summary>Bytes of rows of one batch: half of what one may have, so that one more row and the position always fit.</summary>
    private const int PageBytes = IKeyValueStore.MaxBatchBytes / 2;

    private static readonly string[] Folders = [Keys.Tasks, Keys.IdempotencyRecords];

    /// <summary>Goes on with the walk.</summary>
    /// <returns>Whether time was short.</returns>
    public static async ValueTask<bool> GiveEndsAsync(Changes changes, CallContext call, TimeProvider clock, DateTimeOffset deadline, CancellationToken cancellationToken)
    {
        while (clock.GetUtcNow() < deadline)
        {
            var row = await changes.Store.ReadAsync(call.Catalog.Partition, Keys.EarlierRows, cancellationToken);
            var at = row is null ? new Position(0, null, false) : Read(row);
            if (at.Folder >= Folders.Length)
            {
                return false;
            }

            var page = await changes.Store.ListAsync(call.Catalog.Partition, Folders[at.Folder], at.After, PageSize, cancellationToken);
            var (writes, seen) = GiveEnds(page, clock.GetUtcNow());
            var hasFound = at.HasFound || writes.Count > 0;
            var isLast = seen == page.Count && page.Count < PageSize;
            var next = !isLast ? new Position(at.Folder, page[seen - 1].Id, hasFound)
                : at.Folder + 1 < Folders.Length || !hasFound ? new Position(at.Folder + 1, null, hasFound)
                : new Position(0, null, false);
            writes.Add(row is null ? new Write.Create(Keys.EarlierRows, ToValue(next)) : new Write.Replace(Keys.EarlierRows, ToValue(next), row.Version));
            if (!await changes.ApplyAsync(call, Change.Upkeep(writes), cancellationToken) || next is { Folder: 0, After: null })
            {
                return false; // Another run is at it; or the walk begins again, in the next run.
            }
        }

        return true;
    }

    /// <summary>The rows of a page that get an end, and how many of its rows that is all for: what would make the batch too large is left for the next.</summary>
    private static (List<Write> Writes, int Seen) GiveEnds(IReadOnlyList<Item> page, DateTimeOffset now)
    {
        var writes = new List<Write>();
        var bytes = 0;
        for (var i = 0; i < page.Count; i++)
        {
            if (page[i] is not { ExpiresAt: null } item || EndOf(item, now) is not { } end)
            {
                continue;
            }

            if (bytes >= PageBytes)
            {
                return (writes, i);
            }

            writes.Add(new Write.Replace(item.Id, item.Value, item.Version) { ExpiresAt = end });
            bytes += item.Value.Length;
        }

        return (writes, page.Count);
    }

    /// <summary>Null for a row that lives on, and for one that cannot be read, being damaged or a newer version's: whoever needs that one is told.</summary>
    private static DateTimeOffset? EndOf(Item item, DateTimeOffset now)
    {
        try
        {
            return item.Id.StartsWith(Keys.Tasks, StringComparison.Ordinal) ? Tasks.EndOf(TaskEntity.Read(item), now) : Idempotency.ReadRecord(item).At + Idempotency.KeptFor;
        }
        catch (CatalogException unreadable) when (unreadable.Kind == ErrorKind.Internal)
        {
            return null;
        }
    }

    private static byte[] ToValue(Position position) => Rows.Write(position, static (writer, row) =>
    {
        writer.WriteNumber("folder", row.Folder);
        if (row.After is not null)
        {
            writer.WriteString("after", row.After);
        }

        writer.WriteBoolean("has-found", row.HasFound);
    });

    private static Position Read(Item item) => Rows.Read(item, static (ref row) =>
    {
        var position = new Position(0, null, false);
        row.Enter();
        while (row.Next())
        {
            if (row.Is("folder"u8))
            {
                position = position with { Folder = row.Int32() };
            }
            else if (row.Is("after"u8))
            {
                position = position with { After = row.String() };
            }
            else if (row.Is("has-found"u8))
            {
                position = position with { HasFound = row.Boolean() };
            }
            else
            {
                row.SkipMember();
            }
        }

        return position;
    });

    private sealed record Position(int Folder, string? After, bool HasFound);
}
