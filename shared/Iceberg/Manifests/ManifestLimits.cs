namespace Frazil.Iceberg.Manifests;

/// <summary>
/// What a manifest or manifest list may hold. The files come from anybody who may write to a table, so whatever they claim is checked against these before
/// memory is spent on it. A file past a limit is refused with <see cref="ErrorKind.Validation"/> and a message that names the limit. Together they bound what
/// a reader holds: one block as stored, the same block decoded, the header and one entry.
/// </summary>
public static class ManifestLimits
{
    /// <summary>Bytes of the file's header, which carries the table's schema as JSON: 16 MiB, room for more than 100,000 columns.</summary>
    public const int MaxHeaderBytes = 16 << 20;

    /// <summary>Keys in the header: 1,000. Writers use about ten.</summary>
    public const int MaxHeaderKeys = 1_000;

    /// <summary>Bytes of the Avro schema in the header: 1 MiB. It grows with partition fields only, by about 200 bytes each.</summary>
    public const int MaxSchemaBytes = 1 << 20;

    /// <summary>How deep the Avro schema's types may nest: 32. Manifests of format version 3 need 7. A schema may not refer to itself.</summary>
    public const int MaxSchemaDepth = 32;

    /// <summary>
    /// Bytes of one block, both as stored and decoded: 64 MiB. Java starts a new block every 64 KB; PyIceberg writes a manifest list as one block, of about
    /// 200 bytes a manifest.
    /// </summary>
    public const int MaxBlockBytes = 64 << 20;

    /// <summary>Decoded bytes of all blocks of one file: 4 GiB. Bounds the work that a small file of well compressed nothing can ask for.</summary>
    public const long MaxDecodedBytes = 4L << 30;

    /// <summary>Encoded bytes of one entry: 16 MiB.</summary>
    public const int MaxEntryBytes = 16 << 20;

    /// <summary>Bytes of one string, such as a path, in UTF-8: 64 KiB.</summary>
    public const int MaxStringBytes = 64 << 10;

    /// <summary>Items of one list or map that is read: 100,000. Statistics have an item for each column that has them.</summary>
    public const int MaxCollectionItems = 100_000;

    /// <summary>The highest format version of a manifest that is understood.</summary>
    public const int MaxFormatVersion = 3;
}
