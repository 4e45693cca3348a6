namespace Frazil.Hosts.Tests;

/// <summary>Waits for what another process does in its own time.</summary>
internal static class Eventually
{
    /// <summary>Waits until something is true.</summary>
    public static Task TrueAsync(Func<bool> isTrue) => TrueAsync(() => Task.FromResult(isTrue()));

    /// <summary>Waits until something is true.</summary>
    public static async Task TrueAsync(Func<Task<bool>> isTrue)
    {
        using var patience = new CancellationTokenSource(FrazilProcess.Patience);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (!await isTrue())
        {
            await timer.WaitForNextTickAsync(patience.Token);
        }
    }
}
