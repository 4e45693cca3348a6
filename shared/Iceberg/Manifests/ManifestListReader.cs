using System.Runtime.CompilerServices;

namespace Frazil.Iceberg.Manifests;

/// <summary>Reads manifest lists of format versions 1 to 3 (table specification, "Manifest Lists"), one manifest at a time.</summary>
public static class ManifestListReader
{
    /// <summary>
    /// The manifests of a snapshot, in the order of the list. Memory is bounded by <see cref="ManifestLimits"/>, however long the list.
    /// </summary>
    /// <param name="stream">The list. It is read forwards from where it stands, need not be seekable, and stays the caller's to dispose.</param>
    /// <param name="location">Where the list is, for messages.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="CatalogException">400 <see cref="ErrorKind.Validation"/> when it is not a manifest list, is damaged, or is past a limit.</exception>
    public static async IAsyncEnumerable<ManifestFile> ReadAsync(Stream stream, string location, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var file = await AvroFile.OpenAsync(stream, location, cancellationToken);
        while (await file.HasNextAsync(cancellationToken))
        {
            yield return file.Read(static (ref AvroDecoder decoder, AvroType.Record type) => new ManifestFile(ref decoder, type));
        }
    }
}
