using Frazil.EmbeddedBackend;
using Frazil.Entities;
using Frazil.Iceberg;
using Frazil.Storage;

namespace Frazil.Local;

/// <summary>Opens the files of a storage profile.</summary>
/// <param name="aws">Opens S3; not loaded before it is asked.</param>
/// <param name="ids">Names temporary files.</param>
/// <param name="clock">Measures how long they take.</param>
internal sealed class Storages(Lazy<AwsParts> aws, IdSource ids, TimeProvider clock)
{
    /// <exception cref="CatalogException">This host cannot serve it.</exception>
    /// <exception cref="SettingException">This host does not know its credentials or its region.</exception>
    public IObjectStore Open(StorageProfile profile) =>
        new MeteredObjectStore(OpenFiles(profile), profile.Type.ToString().ToLowerInvariant(), clock);

    /// <summary>Besides a storage elsewhere, folders of this machine may be allowed: whoever runs the server names them.</summary>
    private IObjectStore OpenFiles(StorageProfile profile)
    {
        var folders = profile.Type == StorageType.File ? [] : profile.AllowedLocations.Where(location => Location.Parse(location).Scheme == "file").ToArray();
        return folders.Length == 0
            ? OpenOne(profile)
            : new FilesBesideObjectStore(OpenOne(profile with { AllowedLocations = [.. profile.AllowedLocations.Except(folders)] }), new FileObjectStore(folders, ids));
    }

    private IObjectStore OpenOne(StorageProfile profile) => profile.Type switch
    {
        StorageType.File => new FileObjectStore([profile.BaseLocation, .. profile.AllowedLocations], ids),
        StorageType.Memory => new InMemoryObjectStore(profile.BaseLocation),
        StorageType.S3 => aws.Value.OpenS3(profile),
        _ => throw CatalogException.BadRequest($"This host cannot serve '{profile.Type}' storage; it serves file, s3 and memory"),
    };
}
