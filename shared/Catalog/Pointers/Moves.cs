using Frazil.Entities;
using Frazil.Iceberg;
using Frazil.Storage;

namespace Frazil;

/// <summary>Moving the pointer of a table or view to another metadata file: what a commit is, and a registration over what is there.</summary>
internal sealed class Moves(Namespaces namespaces)
{
    /// <summary>What a pointer becomes, the rows that make it so, and those locations that it takes since it does not hold them yet.</summary>
    /// <param name="call">The request.</param>
    /// <param name="name">The table or view.</param>
    /// <param name="pointer">What it is.</param>
    /// <param name="next">What it says then, but for its version and claims.</param>
    /// <param name="own">Every location that it keeps for itself then.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public async ValueTask<PreparedPointer> PrepareAsync(
        CallContext call, TableIdentifier name, Pointer pointer, TableEntity next, IReadOnlyList<Location> own, CancellationToken cancellationToken)
    {
        var held = Claims.Of(pointer.Entity);
        Location[] added = [.. own.Where(location => !held.Any(location.IsWithin))];
        next = next with
        {
            Version = pointer.Entity.Version + 1,
            Claims = TableLocations.Added(pointer.Entity, added),
            Parents = pointer.Entity.Parents ?? await namespaces.LineageAsync(call, name.Namespace, cancellationToken),
        };
        return new PreparedPointer(
            new ChangedTable(next.Id, name, pointer.Entity, next),
            [new Write.Replace(Keys.Table(name), next.ToValue(), pointer.Version)],
            [.. added.Select(location => new Claim(location, next.Id))]);
    }
}
