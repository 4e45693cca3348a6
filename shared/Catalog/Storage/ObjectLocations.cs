using Frazil.Iceberg;

namespace Frazil.Storage;

/// <summary>The rules of locations, the same for every object store, whatever its scheme.</summary>
public static class ObjectLocations
{
    /// <summary>
    /// Refuses a location that is empty, longer than <see cref="IObjectStore.MaxLocationLength"/>, or holds what somebody on the way would rewrite:
    /// a control character, a lone surrogate, or <c>.</c> or <c>..</c> as a path segment (HTTP clients remove those from a URL, file systems follow them).
    /// </summary>
    /// <exception cref="CatalogException">BadRequest, with the reason.</exception>
    public static void Check(string location)
    {
        if (string.IsNullOrEmpty(location))
        {
            throw CatalogException.BadRequest("A location must not be empty");
        }

        if (location.Length > IObjectStore.MaxLocationLength)
        {
            throw CatalogException.BadRequest($"A location has at most {IObjectStore.MaxLocationLength} characters, this one has {location.Length}");
        }

        if (TextRules.FaultIn(location) is { } fault)
        {
            throw CatalogException.BadRequest($"A location holds {fault}");
        }

        foreach (var segment in location.AsSpan().Split('/'))
        {
            if (location.AsSpan(segment) is "." or "..")
            {
                throw CatalogException.BadRequest($"Location {location} holds the path segment '{location[segment]}'");
            }
        }
    }

    /// <summary>As <see cref="Check"/>, and for a file: does not end in a slash.</summary>
    /// <exception cref="CatalogException">BadRequest, with the reason.</exception>
    public static void CheckFile(string location)
    {
        Check(location);
        if (location[^1] == '/')
        {
            throw CatalogException.BadRequest($"Location {location} ends in a slash: it names a folder, not a file");
        }
    }

    /// <summary>Refuses content that could not be read back whole.</summary>
    /// <exception cref="CatalogException">BadRequest, with the limit.</exception>
    public static void CheckContent(string location, ReadOnlyMemory<byte> content)
    {
        if (content.Length > IObjectStore.MaxReadBytes)
        {
            throw TooLarge(location, content.Length);
        }
    }

    /// <summary>The error of a location that a store does not serve.</summary>
    public static CatalogException NotServed(string location) => new(ErrorKind.Forbidden, $"Location {location} is not in the list of allowed locations");

    /// <summary>The error of a file that is too large to be read whole.</summary>
    public static CatalogException TooLarge(string location, long length) => CatalogException.BadRequest(
        $"File {location} has {length} bytes; one that is read whole has at most {IObjectStore.MaxReadBytes}");
}
