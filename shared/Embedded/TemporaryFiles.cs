namespace Frazil.EmbeddedBackend;

/// <summary>Unfinished files that killed processes left behind.</summary>
public static class TemporaryFiles
{
    /// <summary>
    /// How long after its last write an unfinished file belongs to nobody: writing one takes milliseconds. A process that sleeps longer in between finds its file gone, and fails with nothing created.
    /// </summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(1);

    /// <summary>Deletes those at any depth below a folder. Links are not followed.</summary>
    /// <param name="folder">The folder; none there is as good.</param>
    /// <param name="now">The time.</param>
    /// <param name="cancellationToken">Ends the walk.</param>
    /// <returns>How many were deleted, and whether others may come to belong to nobody, being too young to tell.</returns>
    public static (int Deleted, bool IsMore) Sweep(string folder, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (!Directory.Exists(folder))
        {
            return (0, false);
        }

        var (swept, isMore) = (0, false);
        var options = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = true };
        foreach (var file in new DirectoryInfo(folder).EnumerateFiles(FileObjectStore.TemporaryPrefix + "*.tmp", options))
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                if (now - file.LastWriteTimeUtc > Lifetime)
                {
                    file.Delete();
                    swept++;
                }
                else
                {
                    isMore = true;
                }
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                // Its process was faster, or it is not ours to delete.
            }
        }

        return (swept, isMore);
    }
}
