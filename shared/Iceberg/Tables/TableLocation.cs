namespace Frazil.Iceberg;

/// <summary>The base location of a table or view.</summary>
public static class TableLocation
{
    /// <summary>Without slashes at its end, but with those of <c>scheme://</c>.</summary>
    /// <exception cref="CatalogException">400 when nothing is left.</exception>
    public static string Normalise(string location)
    {
        var length = location.Length;
        while (length > 0 && location[length - 1] == '/' && !location.AsSpan(0, length).EndsWith("://"))
        {
            length--;
        }

        return length > 0 ? location[..length] : throw CatalogException.BadRequest("Invalid location: empty");
    }
}
