namespace Frazil.Iceberg;

/// <summary>
/// Compares ids that others choose. How the runtime hashes a number is known to everybody, so ids can be chosen that all share one hash; here the hash depends on a
/// seed of the process's own. For every set and dictionary whose keys come out of a request or a file.
/// </summary>
internal sealed class IdComparer : IEqualityComparer<int>, IEqualityComparer<long>
{
    private IdComparer()
    {
    }

    public static IdComparer Instance { get; } = new();

    public bool Equals(int x, int y) => x == y;

    public bool Equals(long x, long y) => x == y;

    public int GetHashCode(int id) => HashCode.Combine(id);

    // The two halves apart: what HashCode makes of a long begins with the hash that everybody knows.
    public int GetHashCode(long id) => HashCode.Combine((int)id, (int)(id >> 32));
}
