using System.Text;

namespace Frazil.Iceberg.Manifests;

/// <summary>Reads one entry from the front of the decoder's bytes.</summary>
internal delegate T EntryReader<out T>(ref AvroDecoder decoder, AvroType.Record type);

/// <summary>
/// An Avro object container file (Avro specification, "Object Container Files"), read forwards one block at a time and an entry at a time within it. Whatever
/// is wrong with the file becomes a <see cref="CatalogException"/> of kind <see cref="ErrorKind.Validation"/> that names the file.
/// </summary>
internal sealed class AvroFile : IDisposable
{
    private const int SyncBytes = 16;
    private const int MaxMessage = 1_000;
    private static readonly byte[] Magic = [.. "Obj"u8, 1];

    private readonly AvroInput input;
    private readonly string location;
    private readonly Dictionary<string, byte[]> header = new(StringComparer.Ordinal);
    private readonly byte[] mark = new byte[SyncBytes];
    private byte[] sync = [];
    private AvroCodec codec = null!;
    private AvroType.Record? asJavaWrites;
    private AvroType.Record blockType = null!;
    private byte[] stored = [];
    private ReadOnlyMemory<byte> block;
    private long entries;
    private long decodedBytes;

    private AvroFile(Stream stream, string location)
    {
        input = new AvroInput(stream);
        this.location = location;
    }

    /// <summary>The type of the entries, as the file has it.</summary>
    public AvroType.Record Type { get; private set; } = null!;

    /// <summary>Reads the header. The stream is read from where it stands, forwards only, and stays the caller's to dispose.</summary>
    /// <param name="stream">The file.</param>
    /// <param name="location">Its location, for messages.</param>
    /// <param name="cancellationToken">Ends the wait for the stream.</param>
    public static async ValueTask<AvroFile> OpenAsync(Stream stream, string location, CancellationToken cancellationToken)
    {
        var file = new AvroFile(stream, location);
        try
        {
            await file.ReadHeaderAsync(cancellationToken);
            return file;
        }
        catch (CatalogException exception)
        {
            throw file.Unreadable(exception);
        }
    }

    /// <summary>A value of the header that is not Avro's own, such as <c>schema</c>; null when there is none.</summary>
    public ReadOnlyMemory<byte>? HeaderValue(string key) => header.TryGetValue(key, out var value) ? value : default(ReadOnlyMemory<byte>?);

    /// <summary>Whether there is one more entry, to be read with <see cref="Read"/>.</summary>
    public async ValueTask<bool> HasNextAsync(CancellationToken cancellationToken)
    {
        if (entries > 0)
        {
            return true;
        }

        try
        {
            if (!block.IsEmpty)
            {
                throw CatalogException.Validation($"a block has {block.Length} bytes after its last entry");
            }

            while (entries == 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (await input.IsAtEndAsync(cancellationToken))
                {
                    return false;
                }

                await ReadBlockAsync(cancellationToken);
            }

            return true;
        }
        catch (CatalogException exception)
        {
            throw Unreadable(exception);
        }
    }

    /// <summary>The next entry.</summary>
    public T Read<T>(EntryReader<T> read)
    {
        try
        {
            var isCut = block.Length > ManifestLimits.MaxEntryBytes;
            var decoder = new AvroDecoder(isCut ? block.Span[..ManifestLimits.MaxEntryBytes] : block.Span, isCut);
            var entry = read(ref decoder, blockType);
            block = block[decoder.Position..];
            entries--;
            return entry;
        }
        catch (CatalogException exception)
        {
            throw Unreadable(exception);
        }
    }

    /// <inheritdoc />
    public void Dispose() => codec.Dispose();

    /// <summary>The same failure, naming the file. Names that the file itself made up may be long.</summary>
    public CatalogException Unreadable(CatalogException exception)
    {
        var message = exception.Message.Length <= MaxMessage ? exception.Message : exception.Message[..MaxMessage] + "...";
        return new CatalogException(ErrorKind.Validation, $"Cannot read {location}: {message}", exception);
    }

    private async ValueTask ReadHeaderAsync(CancellationToken cancellationToken)
    {
        var magic = await input.ReadAsync(new byte[Magic.Length], Magic.Length, cancellationToken);
        if (!magic.AsSpan().SequenceEqual(Magic))
        {
            throw CatalogException.Validation("this is not an Avro file");
        }

        for (var count = await ReadRunAsync(cancellationToken); count > 0; count = await ReadRunAsync(cancellationToken))
        {
            for (; count > 0; count--)
            {
                var key = Encoding.UTF8.GetString(await ReadHeaderBytesAsync(cancellationToken));
                if (!header.TryAdd(key, await ReadHeaderBytesAsync(cancellationToken)))
                {
                    throw CatalogException.Validation($"the header has '{key}' twice");
                }
            }
        }

        sync = await input.ReadAsync(new byte[SyncBytes], SyncBytes, cancellationToken);
        (Type, asJavaWrites) = AvroSchema.Parse(
            header.TryGetValue("avro.schema", out var schema) ? schema : throw CatalogException.Validation("the header has no 'avro.schema'"));
        codec = new AvroCodec(header.TryGetValue("avro.codec", out var name) ? Encoding.UTF8.GetString(name) : "null");
    }

    private async ValueTask<long> ReadRunAsync(CancellationToken cancellationToken)
    {
        var count = await input.ReadLongAsync(cancellationToken);
        if (count < 0)
        {
            _ = await input.ReadLongAsync(cancellationToken);
            count = count == long.MinValue ? long.MaxValue : -count;
        }

        return count <= ManifestLimits.MaxHeaderKeys - header.Count
            ? count
            : throw CatalogException.Validation($"the header has more keys than the limit of {ManifestLimits.MaxHeaderKeys}");
    }

    private async ValueTask<byte[]> ReadHeaderBytesAsync(CancellationToken cancellationToken)
    {
        var length = await input.ReadLongAsync(cancellationToken);
        if (length < 0)
        {
            throw CatalogException.Validation("the header has a negative length");
        }

        if (length > ManifestLimits.MaxHeaderBytes - input.Position)
        {
            throw CatalogException.Validation($"the header is longer than the limit of {ManifestLimits.MaxHeaderBytes} bytes");
        }

        return await input.ReadAsync([], (int)length, cancellationToken);
    }

    private async ValueTask ReadBlockAsync(CancellationToken cancellationToken)
    {
        var count = await input.ReadLongAsync(cancellationToken);
        var length = await input.ReadLongAsync(cancellationToken);
        if (count < 0 || length < 0)
        {
            throw CatalogException.Validation("a block has a negative count or length");
        }

        if (length > ManifestLimits.MaxBlockBytes)
        {
            throw CatalogException.Validation($"a block of {length} bytes is longer than the limit of {ManifestLimits.MaxBlockBytes}");
        }

        stored = await input.ReadAsync(stored, (int)length, cancellationToken);
        _ = await input.ReadAsync(mark, SyncBytes, cancellationToken);
        if (!mark.AsSpan().SequenceEqual(sync))
        {
            throw CatalogException.Validation("a block does not end with the file's sync marker");
        }

        block = codec.Decode(stored, (int)length);
        decodedBytes += block.Length;
        if (decodedBytes > ManifestLimits.MaxDecodedBytes)
        {
            throw CatalogException.Validation($"the file decodes to more than the limit of {ManifestLimits.MaxDecodedBytes} bytes");
        }

        // Every entry takes at least a byte, so that a count in the clouds is known for what it is.
        entries = count <= block.Length ? count : throw CatalogException.Validation($"a block of {block.Length} bytes claims to hold {count} entries");
        blockType = asJavaWrites is not null && !IsOf(Type) && IsOf(asJavaWrites) ? asJavaWrites : Type;
    }

    /// <summary>Whether the block is what it says when its entries are of this type.</summary>
    private bool IsOf(AvroType.Record type)
    {
        try
        {
            var decoder = new AvroDecoder(block.Span, isCut: false);
            for (var i = 0L; i < entries; i++)
            {
                decoder.Skip(type);
            }

            return decoder.Position == block.Length;
        }
        catch (CatalogException)
        {
            return false;
        }
    }
}
