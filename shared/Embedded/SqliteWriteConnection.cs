using System.Runtime.InteropServices;
using Frazil.Storage;
using Microsoft.Data.Sqlite;

namespace Frazil.EmbeddedBackend;

/// <summary>The writer's connection with its prepared statements.</summary>
internal sealed class SqliteWriteConnection : IDisposable
{
    private readonly SqliteConnection connection;
    private readonly TimeProvider clock;
    private readonly SqliteCommand begin;
    private readonly SqliteCommand commit;
    private readonly SqliteCommand versionOf;
    private readonly SqliteCommand put;
    private readonly SqliteCommand delete;

    private readonly SqliteCommand touch;

    public SqliteWriteConnection(string path, TimeProvider clock)
    {
        this.clock = clock;
        connection = SqliteDatabase.Open(path, TimeSpan.Zero, readOnly: false);
        begin = connection.Prepare("BEGIN IMMEDIATE");
        commit = connection.Prepare("COMMIT");
        versionOf = connection.Prepare(
            "SELECT version FROM item WHERE partition = $partition AND folder = $folder AND name = $name AND (ends IS NULL OR ends > $now)", "$partition", "$folder", "$name", "$now");
        put = connection.Prepare(
            """
            INSERT INTO item (partition, folder, name, version, value, ends) VALUES ($partition, $folder, $name, $version, $value, $ends)
            ON CONFLICT DO UPDATE SET version = excluded.version, value = excluded.value, ends = excluded.ends
            """,
            "$partition", "$folder", "$name", "$version", "$value", "$ends");
        touch = connection.Prepare(SqliteDatabase.TouchStatement);
        delete = connection.Prepare("DELETE FROM item WHERE partition = $partition AND folder = $folder AND name = $name", "$partition", "$folder", "$name");
    }

    /// <summary>Takes the write lock.</summary>
    /// <param name="patience">How long to wait for another process that has it.</param>
    public void Begin(TimeSpan patience)
    {
        SQLitePCL.raw.sqlite3_busy_timeout(connection.Handle, (int)patience.TotalMilliseconds);
        begin.ExecuteNonQuery();
    }


    public void Commit() => commit.ExecuteNonQuery();

    /// <summary>Decides a batch, and applies it when its conditions hold; an empty one asks of the disk what any does, and changes nothing. Between <see cref="Begin"/> and <see cref="Commit"/> nobody else writes.</summary>
    public WriteResult Apply(string partition, string commitId, IReadOnlyList<Write> writes)
    {
        if (writes.Count == 0)
        {
            touch.ExecuteNonQuery();
            return WriteResult.Applied;
        }

        var result = Batches.Judge(commitId, writes, id => VersionOf(partition, id), out var isRepeat);
        if (result.IsApplied && !isRepeat)
        {
            foreach (var write in writes)
            {
                Apply(partition, commitId, write);
            }
        }

        return result;
    }

    public void Dispose()
    {
        begin.Dispose();
        commit.Dispose();
        versionOf.Dispose();
        put.Dispose();
        delete.Dispose();
        touch.Dispose();
        connection.Dispose();
    }

    private string? VersionOf(string partition, string id)
    {
        versionOf.Bind(partition, Ids.FolderOf(id), Ids.NameOf(id), clock.GetUtcNow().ToUnixTimeSeconds());
        return (string?)versionOf.ExecuteScalar();
    }

    private void Apply(string partition, string commitId, Write write)
    {
        var (folder, name) = (Ids.FolderOf(write.Id), Ids.NameOf(write.Id));
        switch (write)
        {
            case Write.Create or Write.Replace:
                put.Bind(partition, folder, name, commitId, ArrayOf(Batches.NewValue(write)!.Value), Batches.EndOf(write) is { } end ? end : DBNull.Value);
                put.ExecuteNonQuery();
                break;
            case Write.Delete:
                delete.Bind(partition, folder, name);
                delete.ExecuteNonQuery();
                break;
        }
    }

    /// <summary>The driver binds arrays only; most values are whole ones already.</summary>
    private static byte[] ArrayOf(ReadOnlyMemory<byte> value) =>
        MemoryMarshal.TryGetArray(value, out var segment) && segment.Count == segment.Array!.Length ? segment.Array : value.ToArray();
}
