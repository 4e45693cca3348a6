using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Frazil.Infra.Tests;

/// <summary>The packaging script says what is missing and refuses what must not be deployed.</summary>
public sealed class PackageTests
{
    [Theory]
    [InlineData("aws")]
    [InlineData("azure")]
    public async Task Packages_from_a_folder_are_refused(string cloud)
    {
        var (code, said) = await RunAsync(extraPackages: "/some/folder", cloud);
        Assert.Equal(1, code);
        Assert.Contains("FRAZIL_EXTRA_PACKAGES is set: packages from a folder must not be deployed.", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_cloud_it_says_how_it_is_used()
    {
        var (code, said) = await RunAsync(extraPackages: "");
        Assert.Equal(2, code);
        Assert.Contains("infra/package aws", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_architecture_is_refused()
    {
        var (code, said) = await RunAsync(extraPackages: "", "aws", "--arch", "riscv");
        Assert.Equal(1, code);
        Assert.Contains("--arch is arm64 or x86_64, not riscv.", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_native_binary_for_another_processor_names_the_tool_that_is_missing()
    {
        var other = RuntimeInformation.OSArchitecture == Architecture.Arm64 ? "x86_64" : "arm64";
        var tools = Directory.CreateTempSubdirectory("frazil-package-");
        try
        {
            foreach (var tool in (string[])["bash", "dirname", "mkdir", "uname", "dotnet", "zip"])
            {
                File.CreateSymbolicLink(Path.Combine(tools.FullName, tool), $"/usr/bin/{(tool is "dotnet" or "zip" ? "true" : tool)}");
            }

            var (code, said) = await RunAsync(Path.Combine(Stacks.Root(), "infra", "package"), "", ["aws", "--arch", other, "--out", tools.FullName], path: tools.FullName);
            Assert.Equal(1, code);
            Assert.Contains($"a native binary for {other} on ", said, StringComparison.Ordinal);
            Assert.Contains("and clang is missing.", said, StringComparison.Ordinal);
        }
        finally
        {
            tools.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData("aws", "this version has no Lambda host")]
    [InlineData("azure", "this version has no Azure Functions host")]
    public async Task A_host_that_is_missing_is_named(string cloud, string sentence)
    {
        var folder = Directory.CreateTempSubdirectory("frazil-package-");
        try
        {
            var script = Path.Combine(folder.CreateSubdirectory("infra").FullName, "package");
            File.Copy(Path.Combine(Stacks.Root(), "infra", "package"), script);
            var (code, said) = await RunAsync(script, "", [cloud]);
            Assert.Equal(1, code);
            Assert.Contains(sentence, said, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static Task<(int Code, string Said)> RunAsync(string extraPackages, params string[] arguments) =>
        RunAsync(Path.Combine(Stacks.Root(), "infra", "package"), extraPackages, arguments);

    private static async Task<(int Code, string Said)> RunAsync(string script, string extraPackages, string[] arguments, string? path = null)
    {
        var start = new ProcessStartInfo("bash", [script, .. arguments]) { RedirectStandardError = true, RedirectStandardOutput = true };
        start.Environment["FRAZIL_EXTRA_PACKAGES"] = extraPackages;
        start.Environment["PATH"] = path ?? start.Environment["PATH"];
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output + await errors);
    }
}
