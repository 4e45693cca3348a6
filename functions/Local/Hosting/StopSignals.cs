using System.Runtime.InteropServices;

namespace Frazil.Local;

/// <summary>SIGTERM and Ctrl+C: the first asks to stop, a second one ends the process at once.</summary>
internal sealed class StopSignals : IDisposable
{
    private readonly TaskCompletionSource first = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly PosixSignalRegistration[] registrations;

    public StopSignals() => registrations =
    [
        PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal),
        PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal),
    ];

    /// <summary>Done at the first signal.</summary>
    public Task First => first.Task;

    public void Dispose()
    {
        foreach (var registration in registrations)
        {
            registration.Dispose();
        }
    }

    // What is not cancelled has its usual effect.
    private void OnSignal(PosixSignalContext signal) => signal.Cancel = first.TrySetResult();
}
