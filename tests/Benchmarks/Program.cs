using BenchmarkDotNet.Running;
using Frazil.Benchmarks.Load;

// load ...   drives a server and checks its answers while it measures
// otherwise  BenchmarkDotNet's own options: --list flat, --filter '*Parse*'
if (args is ["load", .. var rest])
{
    return await LoadCommand.RunAsync(rest);
}

BenchmarkSwitcher.FromAssembly(typeof(LoadCommand).Assembly).Run(args);
return 0;
