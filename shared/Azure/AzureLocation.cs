using Frazil.Iceberg;
using Frazil.Storage;

namespace Frazil.AzureBackend;

/// <summary>
/// A location as account, container and blob. <c>abfs</c>, <c>abfss</c>, <c>wasb</c> and <c>wasbs</c> with <c>container@account.dfs|blob.suffix</c> are the same,
/// and so is <c>https://account.dfs|blob.suffix/container</c>. Names are raw; nothing is decoded.
/// </summary>
/// <param name="Account">The storage account.</param>
/// <param name="Container">The container.</param>
/// <param name="Blob">The blob's name, or its beginning.</param>
/// <param name="Host">Where the account serves blobs: what reads <c>account.dfs.suffix</c> is <c>account.blob.suffix</c> to a client of blobs.</param>
internal readonly record struct AzureLocation(string Account, string Container, string Blob, string Host)
{
    /// <summary>Characters of a blob's name.</summary>
    private const int MaxBlobLength = 1024;

    private static readonly string[] Schemes = ["abfss://", "abfs://", "wasbs://", "wasb://"];

    /// <summary>The blob that a location names.</summary>
    /// <exception cref="CatalogException">BadRequest when it names none.</exception>
    public static AzureLocation OfFile(string location)
    {
        ObjectLocations.CheckFile(location);
        var parsed = Parse(location);
        return parsed.Blob.Length switch
        {
            0 => throw CatalogException.BadRequest($"Location {location} names a container, not a file"),
            > MaxBlobLength => throw CatalogException.BadRequest($"Location {location} has a blob name of {parsed.Blob.Length} characters; Azure allows {MaxBlobLength}"),
            _ => parsed,
        };
    }

    /// <summary>The folder that a location names: its blob part is empty or ends in a slash.</summary>
    /// <exception cref="CatalogException">BadRequest when it names none.</exception>
    public static AzureLocation OfFolder(string location)
    {
        ObjectLocations.Check(location);
        var parsed = Parse(location);
        return parsed.Blob.Length == 0 || parsed.Blob[^1] == '/' ? parsed : parsed with { Blob = parsed.Blob + "/" };
    }

    /// <summary>Whether this, a folder, holds the other.</summary>
    public bool Holds(AzureLocation other) =>
        Account == other.Account && Container == other.Container && other.Blob.StartsWith(Blob, StringComparison.Ordinal);

    private static AzureLocation Parse(string location)
    {
        if (location.StartsWith("https://", StringComparison.Ordinal))
        {
            var parts = location["https://".Length..].Split('/', 3);
            return Make(location, parts[0], parts.Length > 1 ? parts[1] : "", parts.Length > 2 ? parts[2] : "");
        }

        var scheme = Schemes.FirstOrDefault(scheme => location.StartsWith(scheme, StringComparison.Ordinal))
            ?? throw CatalogException.BadRequest($"Location {location} is not an Azure location: abfss://container@account.dfs.core.windows.net/path");
        var rest = location[scheme.Length..];
        var slash = rest.IndexOf('/', StringComparison.Ordinal);
        var (authority, blob) = slash < 0 ? (rest, "") : (rest[..slash], rest[(slash + 1)..]);
        var at = authority.IndexOf('@', StringComparison.Ordinal);
        return at <= 0
            ? throw CatalogException.BadRequest($"Location {location} names no container: container@account")
            : Make(location, authority[(at + 1)..], authority[..at], blob);
    }

    private static AzureLocation Make(string location, string host, string container, string blob)
    {
        var account = host.Split('.')[0].ToLowerInvariant();
        return account.Length > 0 && account.All(char.IsAsciiLetterOrDigit)
            && container.Length is >= 3 and <= 63 && container.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '$')
                ? new AzureLocation(account, container, blob, host.ToLowerInvariant().Replace(".dfs.", ".blob.", StringComparison.Ordinal))
                : throw CatalogException.BadRequest($"Location {location} has no valid account and container");
    }
}
