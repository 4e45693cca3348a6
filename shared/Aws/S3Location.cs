using System.Text;
using Frazil.Iceberg;
using Frazil.Storage;

namespace Frazil.AwsBackend;

/// <summary>A location as bucket and key. <c>s3</c>, <c>s3a</c> and <c>s3n</c> are the same; nothing is decoded.</summary>
/// <param name="Bucket">The bucket.</param>
/// <param name="Key">The key, or its beginning.</param>
internal readonly record struct S3Location(string Bucket, string Key)
{
    /// <summary>Bytes of UTF-8 of a key.</summary>
    private const int MaxKeyBytes = 1024;

    private static readonly string[] Schemes = ["s3://", "s3a://", "s3n://"];

    /// <summary>The object that a location names.</summary>
    /// <exception cref="CatalogException">BadRequest when it names none.</exception>
    public static S3Location OfFile(string location)
    {
        ObjectLocations.CheckFile(location);
        var parsed = Parse(location);
        if (parsed.Key.Length == 0)
        {
            throw CatalogException.BadRequest($"Location {location} names a bucket, not a file");
        }

        return Encoding.UTF8.GetByteCount(parsed.Key) is > MaxKeyBytes and var bytes
            ? throw CatalogException.BadRequest($"Location {location} has a key of {bytes} bytes; S3 allows {MaxKeyBytes}")
            : parsed;
    }

    /// <summary>The folder that a location names: its key is empty or ends in a slash.</summary>
    /// <exception cref="CatalogException">BadRequest when it names none.</exception>
    public static S3Location OfFolder(string location)
    {
        ObjectLocations.Check(location);
        var parsed = Parse(location);
        return parsed.Key.Length == 0 || parsed.Key[^1] == '/' ? parsed : parsed with { Key = parsed.Key + "/" };
    }

    /// <summary>Whether this, a folder, holds the other.</summary>
    public bool Holds(S3Location other) => Bucket == other.Bucket && other.Key.StartsWith(Key, StringComparison.Ordinal);

    private static S3Location Parse(string location)
    {
        var scheme = Schemes.FirstOrDefault(scheme => location.StartsWith(scheme, StringComparison.Ordinal))
            ?? throw CatalogException.BadRequest($"Location {location} is not an S3 location: s3://bucket/key");
        var rest = location[scheme.Length..];
        var slash = rest.IndexOf('/');
        var (bucket, key) = slash < 0 ? (rest, "") : (rest[..slash], rest[(slash + 1)..]);
        return bucket.Length is >= 3 and <= 255 && bucket.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_')
            ? new S3Location(bucket, key)
            : throw CatalogException.BadRequest($"Location {location} has no valid bucket name");
    }
}
