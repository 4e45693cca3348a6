using Frazil.EmbeddedBackend;
using Frazil.Entities;

namespace Frazil.Local;

/// <summary>The folders of this machine in which catalogs keep tables.</summary>
internal sealed class Warehouses(Catalogs catalogs, TimeProvider clock, ILogger logger)
{
    /// <summary>
    /// Makes the folder of a catalog that is new, or new there. That of one that has been served from it must be there: an empty one in its place would hide that it was moved away.
    /// </summary>
    /// <exception cref="StartException">It is gone.</exception>
    public static void Require(string catalog, StorageProfile storage, StorageProfile? before)
    {
        if (storage.Type != StorageType.File)
        {
            return;
        }

        var folder = FileObjectStore.PathOfFolder(storage.BaseLocation);
        if (Directory.Exists(folder))
        {
            return;
        }

        if (before?.BaseLocation == storage.BaseLocation)
        {
            throw new StartException($"The folder {folder}, in which the catalog '{catalog}' keeps its tables, is gone: move it back, or name its new place with --warehouse. If it held nothing, make it anew: mkdir -p '{folder}'");
        }

        DurableFolders.Create(folder);
    }

    /// <summary>
    /// Deletes what killed processes left unfinished: at the start, and once more where some were too young then, as those are that the process before this one left. Not now and then: it is a walk over
    /// every file of the warehouse, data too, for a few files that harm nobody.
    /// </summary>
    public async Task SweepAsync(CancellationToken stopping)
    {
        try
        {
            if (await SweepOnceAsync(stopping))
            {
                await Task.Delay(TemporaryFiles.Lifetime, clock, stopping);
                await SweepOnceAsync(stopping);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The server stops.
        }
    }

    private async Task<bool> SweepOnceAsync(CancellationToken stopping)
    {
        var isMore = false;
        try
        {
            foreach (var name in await catalogs.ListAsync(stopping))
            {
                if (await catalogs.FindAsync(name, stopping) is not { } catalog)
                {
                    continue;
                }

                foreach (var location in catalog.Entity.Storage.AllowedLocations.Prepend(catalog.Entity.Storage.BaseLocation).Where(location => Location.Parse(location).Scheme == "file"))
                {
                    var folder = FileObjectStore.PathOfFolder(location);
                    var (files, isMoreBelow) = await Task.Run(() => TemporaryFiles.Sweep(folder, clock.GetUtcNow(), stopping), stopping);
                    isMore |= isMoreBelow;
                    if (files > 0)
                    {
                        Log.Swept(logger, files, folder);
                    }
                }
            }
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            Log.NotSwept(logger, exception);
        }

        return isMore;
    }
}
