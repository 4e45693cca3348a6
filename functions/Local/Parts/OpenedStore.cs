using Frazil.EmbeddedBackend;
using Frazil.Storage;

namespace Frazil.Local;

/// <summary>Something that keeps the server from starting; the message is for the person who started it.</summary>
internal sealed class StartException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>The key-value store that was asked for, open.</summary>
/// <param name="store">The store.</param>
/// <param name="kind">What it is, for metrics.</param>
/// <param name="name">What and where it is, for people.</param>
internal sealed class OpenedStore(IKeyValueStore store, string kind, string name) : IAsyncDisposable
{
    /// <summary>The store's file in the data folder.</summary>
    public const string FileName = "frazil.sqlite";

    /// <summary>The store.</summary>
    public IKeyValueStore Store { get; } = store;

    /// <summary>What it is, for metrics.</summary>
    public string Kind { get; } = kind;

    /// <summary>What and where it is, for people.</summary>
    public string Name { get; } = name;

    /// <summary>Things that whoever started this should know.</summary>
    public IReadOnlyList<string> Warnings { get; private init; } = [];

    /// <exception cref="StartException">It cannot be opened.</exception>
    public static async Task<OpenedStore> OpenAsync(ServeOptions options, Lazy<AwsParts> aws) => options.Store switch
    {
        StoreKind.Memory => new OpenedStore(new InMemoryKeyValueStore(), "memory", "memory, which ends with this process"),
        StoreKind.Sqlite => OpenSqlite(options),
        StoreKind.DynamoDb => new OpenedStore(
            await aws.Value.OpenDynamoDbAsync(options), "dynamodb", $"the DynamoDB table {options.DynamoDbTable}{(options.DynamoDbEndpoint is null ? "" : $" at {options.DynamoDbEndpoint}")}"),
        _ => throw new InvalidOperationException($"no way to open a store of kind {options.Store}"),
    };

    /// <summary>Finishes what is queued and lets go of files and connections.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Store is IAsyncDisposable store)
        {
            await store.DisposeAsync();
        }
    }

    private static OpenedStore OpenSqlite(ServeOptions options)
    {
        var path = Path.Join(options.Data, FileName);
        try
        {
            // Where credentials are asked for, nobody shall come to the rows around them.
            var warnings = options.Auth ? OwnerOnly.Close(options.Data, path) : [];
            return new OpenedStore(new SqliteKeyValueStore(path), "sqlite", path) { Warnings = warnings };
        }
        catch (Exception exception) when (exception is IOException or InvalidDataException or UnauthorizedAccessException or StoreThrottledException or StoreUnavailableException)
        {
            throw new StartException($"Cannot use the data folder {options.Data}: {exception.Message}", exception);
        }
    }
}
