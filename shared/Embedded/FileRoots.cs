using System.Buffers;
using System.Text;
using Frazil.Iceberg;
using Frazil.Storage;

namespace Frazil.EmbeddedBackend;

/// <summary>The folders that a <see cref="FileObjectStore"/> serves: turns locations into paths, and refuses those that lead elsewhere.</summary>
internal sealed class FileRoots
{
    // Windows reads \ as a separator and : as the beginning of a stream's name, and allows none of the others.
    private static readonly SearchValues<char> NotOnWindows = SearchValues.Create("\\:*?\"<>|");

    /// <summary>Bytes of one name of a path.</summary>
    private const int MaxNameBytes = 255;

    private readonly Root[] roots;

    public FileRoots(IEnumerable<string> roots) => this.roots = [.. roots.Select(root => new Root(Parse(root).TrimEnd(Path.DirectorySeparatorChar)))];

    /// <summary>The path that a location means, with every symbolic link above its last part followed (and that of the last part too, when asked).</summary>
    /// <exception cref="CatalogException">BadRequest when it is no file location; Forbidden when it is outside the roots, or a symbolic link leads outside.</exception>
    public ServedPath Resolve(string location, bool followLast)
    {
        var path = Parse(location);
        if (!roots.Any(root => root.Holds(path)))
        {
            throw ObjectLocations.NotServed(location);
        }

        try
        {
            var real = followLast ? RealPath(path) : Path.Join(RealPath(Path.GetDirectoryName(path)!), Path.GetFileName(path));
            return roots.FirstOrDefault(root => IsUnder(real, root.Real)) is { } root ? new ServedPath(real, root.Real) : throw ObjectLocations.NotServed(location);
        }
        catch (PathTooLongException tooLong)
        {
            throw new CatalogException(ErrorKind.BadRequest, $"Location {location} is too long for the file system", tooLong);
        }
    }

    /// <summary>The path that a location spells, with no symbolic link followed. Enough to find out whether its folder is one that is known; never to be opened.</summary>
    /// <exception cref="CatalogException">BadRequest when it is no file location; Forbidden when it is outside the roots.</exception>
    public string PathAsSpelled(string location)
    {
        var path = Parse(location);
        return roots.Any(root => root.Holds(path)) ? path : throw ObjectLocations.NotServed(location);
    }

    /// <summary>Whether a real path is a root's.</summary>
    public bool IsRoot(string real) => roots.Any(root => root.Real == real);

    /// <summary>The real path of what exists of a path, with the rest, which does not, behind it.</summary>
    public static string RealPath(string path)
    {
        for (var existing = path; ; existing = Path.GetDirectoryName(existing)!)
        {
            if (RealPathOfExisting(existing) is { } real)
            {
                return existing.Length == path.Length ? real : Path.Join(real, path[existing.Length..]);
            }
        }
    }

    /// <summary>
    /// The absolute path that a location spells: <c>file:/x</c>, <c>file:///x</c>, <c>file://localhost/x</c> or <c>/x</c>. Nothing is decoded. Doubled slashes count as one, as for the operating system.
    /// </summary>
    public static string Parse(string location)
    {
        ObjectLocations.Check(location);
        var path = location;
        if (path.StartsWith("file:", StringComparison.Ordinal))
        {
            path = path["file:".Length..];
            if (path.StartsWith("//localhost/", StringComparison.Ordinal))
            {
                path = path["//localhost".Length..];
            }
            else if (path.StartsWith("//", StringComparison.Ordinal))
            {
                path = path[2..];
                if (!path.StartsWith('/'))
                {
                    throw CatalogException.BadRequest($"Location {location} names another host; files are served from this one: file:///path");
                }
            }
        }

        if (OperatingSystem.IsWindows())
        {
            path = WindowsPath(path, location);
        }

        if (path.Split('/').Any(name => Encoding.UTF8.GetByteCount(name) > MaxNameBytes))
        {
            throw CatalogException.BadRequest($"Location {location} holds a name of more than {MaxNameBytes} bytes, which is what file systems allow");
        }

        return Path.IsPathFullyQualified(path) ? Path.GetFullPath(path) : throw CatalogException.BadRequest($"Location {location} is not a file location: file:/path, file:///path or an absolute path");
    }

    private static string WindowsPath(string path, string location)
    {
        var trimmed = path.Length > 3 && path[0] == '/' && path[2] == ':' ? path[1..] : path;
        var names = (trimmed.Length > 1 && trimmed[1] == ':' ? trimmed[2..] : trimmed).Split('/');

        // Windows drops dots and spaces at the end of a name.
        return names.Any(name => name.AsSpan().ContainsAny(NotOnWindows) || name.EndsWith('.') || name.EndsWith(' '))
            ? throw CatalogException.BadRequest($"Location {location} holds a name that Windows does not allow")
            : trimmed;
    }

    private static string? RealPathOfExisting(string path)
    {
        if (!OperatingSystem.IsWindows())
        {
            return Posix.RealPath(path);
        }

        if (!Path.Exists(path))
        {
            return null;
        }

        var parent = Path.GetDirectoryName(path);
        if (parent is null)
        {
            return path;
        }

        FileSystemInfo entry = Directory.Exists(path) ? new DirectoryInfo(path) : new FileInfo(path);
        return entry.ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? Path.Join(RealPathOfExisting(parent), entry.Name);
    }

    private static bool IsUnder(string path, string root) =>
        path.Length > root.Length + 1 && path.StartsWith(root, StringComparison.Ordinal) && path[root.Length] == Path.DirectorySeparatorChar;

    private sealed class Root(string given)
    {
        private string? real;

        /// <summary>Where the root really is; a root may itself be, or lie behind, a symbolic link. Fixed once it exists.</summary>
        public string Real
        {
            get
            {
                if (real is not null)
                {
                    return real;
                }

                var found = RealPath(given.Length == 0 ? "/" : given).TrimEnd(Path.DirectorySeparatorChar);
                real = Directory.Exists(given) ? found : null;
                return found;
            }
        }

        public bool Holds(string path) => IsUnder(path, given) || IsUnder(path, Real);
    }
}

/// <summary>A path within a root, free of symbolic links as far as it exists.</summary>
/// <param name="Path">The path.</param>
/// <param name="Root">The root's real path.</param>
internal readonly record struct ServedPath(string Path, string Root);
