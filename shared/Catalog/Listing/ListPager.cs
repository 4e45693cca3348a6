using Frazil.Storage;

namespace Frazil;

/// <summary>A line of a list: the name, and what management routes want to know of it.</summary>
/// <typeparam name="T">The kind of name.</typeparam>
/// <param name="Name">Its name.</param>
/// <param name="Id">Its id.</param>
/// <param name="Protected">Whether it is protected from being dropped.</param>
public sealed record Listed<T>(T Name, Guid Id, bool Protected);

/// <summary>Walks a folder of the store: one page, or everything, of the rows that count.</summary>
internal static class ListPager
{
    /// <summary>The rows of a folder for which <paramref name="counts"/> holds, and the token of the next page: null when the list is whole or ended. <paramref name="what"/> names the list among those of one folder.</summary>
    public static async ValueTask<(IReadOnlyList<Item> Items, string? NextPageToken)> ListAsync(
        IKeyValueStore store, string partition, string prefix, string what, Paging paging, Func<Item, bool> counts, CancellationToken cancellationToken)
    {
        // Tables and views share a folder, so a token must tell which of the two lists gave it.
        var list = $"{partition} {prefix} {what}";
        var after = paging.After(list, prefix);
        var wanted = paging.IsPaged ? paging.PageSize : int.MaxValue;
        List<Item> found = [];
        while (true)
        {
            var limit = Math.Min(IKeyValueStore.MaxPage, wanted == int.MaxValue ? int.MaxValue : wanted + 1);
            var page = await store.ListAsync(partition, prefix, after, limit, cancellationToken);
            foreach (var item in page)
            {
                if (!counts(item))
                {
                    continue;
                }

                if (found.Count == wanted)
                {
                    return (found, Paging.Next(list, prefix, found[^1].Id));
                }

                found.Add(item);
            }

            if (page.Count < limit)
            {
                return (found, null);
            }

            after = page[^1].Id;
        }
    }
}
