using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Toolchains.InProcess.Emit;

namespace Frazil.Benchmarks.Micro;

/// <summary>Short runs in this process: nothing is built a second time, and all of it takes minutes. Allocations are exact; times are for comparing.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class MicroConfigAttribute : Attribute, IConfigSource
{
    public IConfig Config { get; } = ManualConfig.CreateEmpty()
        .AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance))
        .AddDiagnoser(MemoryDiagnoser.Default);
}
