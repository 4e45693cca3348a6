namespace Frazil;

/// <summary>Where ids and chance come from: one per process, injected, so that tests decide both.</summary>
public class IdSource
{
    /// <summary>A fresh random UUID (version 4).</summary>
#pragma warning disable RS0030 // this is the one place
    public virtual Guid NewId() => Guid.NewGuid();

    /// <summary>A fresh UUID whose text sorts by time (version 7).</summary>
    public virtual Guid NewTimeOrderedId(DateTimeOffset now) => Guid.CreateVersion7(now);

    /// <summary>A number from 0 to 1, for jitter.</summary>
    public virtual double NextChance() => Random.Shared.NextDouble();
#pragma warning restore RS0030
}
