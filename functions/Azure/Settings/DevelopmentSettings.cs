namespace Frazil.AzureFunctions;

/// <summary>Settings for an emulator of Azure Storage. The worker refuses to start when one of them is set and the table service is not on this machine.</summary>
internal static class DevelopmentSettings
{
    /// <summary>The emulator's account key, for tables and blobs; without it requests are signed with the process's identity.</summary>
    public const string AccountKey = "FRAZIL__DEVELOPMENT__ACCOUNTKEY";

    /// <summary>Where the emulator serves blobs, such as <c>http://127.0.0.1:10000/devstoreaccount1</c>.</summary>
    public const string BlobsEndpoint = "FRAZIL__DEVELOPMENT__BLOBS";

    /// <summary>Whole seconds for which what is dropped can be undropped; 0 for not at all.</summary>
    public const string KeepDroppedSeconds = "FRAZIL__DEVELOPMENT__KEEPDROPPEDSECONDS";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } = [AccountKey, BlobsEndpoint, KeepDroppedSeconds];
}
