namespace Frazil.Api;

/// <summary>The <c>If-None-Match</c> header (RFC 9110, 13.1.2): entity tags that the client has. Compared weakly, as the RFC asks; junk matches nothing.</summary>
internal static class IfNoneMatch
{
    /// <summary>Whether the header holds a tag. <c>*</c> matches nothing here: it asks for a resource not to exist, which is no question to a load.</summary>
    public static bool Holds(string header, string etag)
    {
        foreach (var item in header.Split(',', StringSplitOptions.TrimEntries))
        {
            if ((item.StartsWith("W/", StringComparison.Ordinal) ? item[2..] : item) == etag)
            {
                return true;
            }
        }

        return false;
    }
}
