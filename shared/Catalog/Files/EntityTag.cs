using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Frazil;

/// <summary>The entity tag of a loaded table: a digest of what the answer is made of. A metadata file never changes, so its location stands for its content.</summary>
public static class EntityTag
{
    /// <summary>The tag, in its quotes.</summary>
    /// <param name="metadataLocation">The metadata file.</param>
    /// <param name="referencedSnapshotsOnly">Whether the answer has only snapshots that a reference names: another representation, another tag.</param>
    public static string Of(string metadataLocation, bool referencedSnapshotsOnly)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes((referencedSnapshotsOnly ? "refs " : "all ") + metadataLocation), digest);
        return $"\"{Base64Url.EncodeToString(digest[..15])}\"";
    }
}
