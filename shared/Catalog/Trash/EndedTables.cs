using Frazil.Entities;
using Frazil.Storage;

namespace Frazil;

/// <summary>
/// Tables that are gone for good. Rows that were kept beside such a table (its metrics reports) are swept by a timer, which finds them by a mark that the table's last batch leaves:
/// what a sweep costs depends on the tables that ended, not on those that live.
/// </summary>
internal static class EndedTables
{
    /// <summary>How long after a table's end its rows are swept: longer than a request takes that found the table still there, and may write such a row yet.</summary>
    public static readonly TimeSpan GraceTime = TimeSpan.FromHours(1);

    /// <summary>Tables of one batch. A table's reports may be large (<see cref="Limits.MaxReportsPerTable"/> of <see cref="Limits.MaxReportBytes"/>), and are read to be deleted.</summary>
    public const int PageSize = 20;

    /// <summary>The mark, to be part of the batch that ends the table; nothing for a view, beside which nothing is kept.</summary>
    public static IEnumerable<Write> Mark(TableEntity table, DateTimeOffset now) =>
        table.Kind == TableKind.Table ? [new Write.Create(Keys.EndedTable(now, table.Id), default)] : [];

    /// <summary>Deletes what is left of tables that ended long enough ago, and their marks.</summary>
    /// <returns>How many tables, and whether time was short.</returns>
    public static async ValueTask<(int Swept, bool IsMore)> SweepAsync(
        Changes changes, CallContext call, TimeProvider clock, DateTimeOffset deadline, CancellationToken cancellationToken)
    {
        var swept = 0;
        string? after = null;
        while (clock.GetUtcNow() is var now && now < deadline)
        {
            var page = await changes.Store.ListAsync(call.Catalog.Partition, Keys.EndedTables, after, PageSize, cancellationToken);
            var old = page.TakeWhile(mark => now - Keys.ReadTimed(mark.Id).At > GraceTime).ToArray();
            if (old.Length > 0)
            {
                var reports = await changes.Store.ReadManyAsync(call.Catalog.Partition, [.. old.Select(mark => Keys.Reports(Keys.ReadTimed(mark.Id).Id))], cancellationToken);
                var writes = old.Concat(reports.OfType<Item>()).Select(item => new Write.Delete(item.Id, item.Version)).ToArray();

                // Refused when another run is at the same tables: then they are swept, or will be.
                swept += await changes.ApplyAsync(call, Change.Upkeep(writes), cancellationToken) ? old.Length : 0;
            }

            if (old.Length < PageSize)
            {
                return (swept, false);
            }

            after = page[^1].Id;
        }

        return (swept, true);
    }
}
