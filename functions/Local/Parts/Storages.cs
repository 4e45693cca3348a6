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

    private IObjectStore OpenFiles(StorageProfile profile) => profile.Type switch
    {
        StorageType.File => new FileObjectStore([profile.BaseLocation, .. profile.AllowedLocations], ids),
        StorageType.Memory => new InMemoryObjectStore(profile.BaseLocation),
        StorageType.S3 => aws.Value.OpenS3(profile),
        _ => throw CatalogException.BadRequest($"This host cannot serve '{profile.Type}' storage; it serves file, s3 and memory"),
    };
}
