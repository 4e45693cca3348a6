using Frazil.Storage;
using Microsoft.Data.Sqlite;

namespace Frazil.EmbeddedBackend;

/// <summary>A connection with its prepared reads, for one thread at a time.</summary>
internal sealed class SqliteReader : IDisposable
{
    private readonly SqliteConnection connection;
    private readonly SqliteCommand read;
    private readonly SqliteCommand list;
    private readonly SqliteCommand begin;
    private readonly SqliteCommand end;

    public SqliteReader(string path, TimeSpan busyTimeout)
    {
        connection = SqliteDatabase.Open(path, busyTimeout, readOnly: true);
        read = connection.Prepare("SELECT version, value FROM item WHERE partition = $partition AND folder = $folder AND name = $name", "$partition", "$folder", "$name");

        // Text is stored as UTF-8 and compared by its bytes, which is the contract's order.
        list = connection.Prepare(
            "SELECT name, version, value FROM item WHERE partition = $partition AND folder = $folder AND name >= $from ORDER BY name LIMIT $limit", "$partition", "$folder", "$from", "$limit");
        begin = connection.Prepare("BEGIN");
        end = connection.Prepare("COMMIT");
    }

    public Item? Read(string partition, string id)
    {
        read.Bind(partition, Ids.FolderOf(id), Ids.NameOf(id));
        using var row = read.ExecuteReader();
        return row.Read() ? ItemOf(id, row, column: 0) : null;
    }

    /// <summary>Many rows, out of one snapshot.</summary>
    public Item?[] ReadMany(string partition, IReadOnlyList<string> ids)
    {
        begin.ExecuteNonQuery();
        var items = new Item?[ids.Count];
        for (var i = 0; i < items.Length; i++)
        {
            items[i] = Read(partition, ids[i]);
        }

        end.ExecuteNonQuery();
        return items;
    }

    public List<Item> List(string partition, FolderRange range, int limit)
    {
        // One row more than asked for: the row of After itself may be there, and is not wanted.
        list.Bind(partition, range.Folder, range.After ?? range.Begin, limit + 1L);
        using var row = list.ExecuteReader();
        var items = new List<Item>();
        while (items.Count < limit && row.Read() && row.GetString(0) is var name && name.StartsWith(range.Begin, StringComparison.Ordinal))
        {
            if (name != range.After)
            {
                items.Add(ItemOf(range.Folder + name, row, column: 1));
            }
        }

        return items;
    }

    public void Dispose()
    {
        read.Dispose();
        list.Dispose();
        begin.Dispose();
        end.Dispose();
        connection.Dispose();
    }

    private static Item ItemOf(string id, SqliteDataReader row, int column)
    {
        var version = row.GetString(column);
        return new Item(id, row.GetFieldValue<byte[]>(column + 1), version, CommitId: version);
    }
}

/// <summary>Prepared statements in short.</summary>
internal static class SqliteCommands
{
    public static SqliteCommand Prepare(this SqliteConnection connection, string sql, params ReadOnlySpan<string> parameters)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(new SqliteParameter(parameter, null));
        }

        command.Prepare();
        return command;
    }

    public static void Bind(this SqliteCommand command, params ReadOnlySpan<object> values)
    {
        for (var i = 0; i < values.Length; i++)
        {
            command.Parameters[i].Value = values[i];
        }
    }
}
