using System.Runtime.InteropServices;

namespace Frazil.EmbeddedBackend;

/// <summary>How many files and connections the system lets this process have open at a time.</summary>
public static partial class OpenFiles
{
    /// <summary>
    /// Raises the limit as far as the system allows (the hard limit of <c>ulimit -n</c>), and gives what it is then; null where there is none. The runtime does so itself, except in
    /// a native build.
    /// </summary>
    public static long? RaiseLimit()
    {
        if (OperatingSystem.IsWindows())
        {
            return null;
        }

        var resource = OperatingSystem.IsMacOS() ? 8 : 7; // RLIMIT_NOFILE
        if (GetLimit(resource, out var limit) != 0)
        {
            return null;
        }

        var raised = limit with { Current = limit.Maximum };
        if (limit.Current < limit.Maximum && SetLimit(resource, in raised) == 0)
        {
            limit = raised;
        }

        return limit.Current > long.MaxValue ? null : (long)limit.Current;
    }

    [LibraryImport("libc", EntryPoint = "getrlimit")]
    private static partial int GetLimit(int resource, out ResourceLimit limit);

    [LibraryImport("libc", EntryPoint = "setrlimit")]
    private static partial int SetLimit(int resource, in ResourceLimit limit);

    [StructLayout(LayoutKind.Sequential)]
    private record struct ResourceLimit(nuint Current, nuint Maximum);
}
