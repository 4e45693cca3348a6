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
    /// <summary>
    /// Lists of the store that one page costs at most. Where few rows of a folder count, a page may end early, and even be empty: its token goes on, and clients follow tokens, not counts.
    /// </summary>
    public const int MaxStoreLists = 4;

    /// <summary>
    /// The rows of a folder that count, which are those that <paramref name="read"/> makes something of, and the token of the next page: null when the list is whole or ended.
    /// <paramref name="what"/> names the list among those of one folder.
    /// </summary>
    public static async ValueTask<(IReadOnlyList<T> Rows, string? NextPageToken)> ListAsync<T>(
        IKeyValueStore store, string partition, string prefix, string what, Paging paging, Func<Item, T?> read, CancellationToken cancellationToken)
        where T : class
    {
        // Tables and views share a folder, so a token must tell which of the two lists gave it.
        var list = $"{partition} {prefix} {what}";
        var after = paging.After(list, prefix);
        var wanted = paging.IsPaged ? paging.PageSize : int.MaxValue;
        var limit = Math.Min(IKeyValueStore.MaxPage, paging.IsPaged ? wanted + 1 : int.MaxValue);
        List<T> found = [];
        for (var calls = 1; ; calls++, limit = IKeyValueStore.MaxPage)
        {
            var page = await store.ListAsync(partition, prefix, after, limit, cancellationToken);
            foreach (var item in page)
            {
                if (read(item) is { } row)
                {
                    if (found.Count == wanted)
                    {
                        return (found, Paging.Next(list, prefix, after!));
                    }

                    found.Add(row);
                }

                after = item.Id;
            }

            if (page.Count < limit)
            {
                return (found, null);
            }

            if (paging.IsPaged && calls == MaxStoreLists)
            {
                return (found, Paging.Next(list, prefix, after!));
            }
        }
    }
}
