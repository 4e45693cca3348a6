using Pulumi;

namespace Frazil.Infra;

/// <summary>The program: one function per cloud that declares everything and returns what the user needs next.</summary>
public static class Deploy
{
    /// <summary>Reads the stack's configuration and deploys to the cloud that it names.</summary>
    public static IDictionary<string, object?> FromConfig()
    {
        var config = new ConfigReader(Get);
        var stack = Pulumi.Deployment.Instance.StackName;
        switch (config.Text("cloud"))
        {
            case "aws":
                return Aws(AwsOptions.Read(config, stack), RootSecret.Make).ToDictionary();
            case "azure":
                return Azure(AzureOptions.Read(config, stack), RootSecret.Make).ToDictionary();
            default:
                config.Wrong("cloud", "is not aws or azure");
                config.Check();
                return new Dictionary<string, object?>();
        }
    }

    public static AwsOutputs Aws(AwsOptions options, Func<string> makeSecret) => AwsDeployment.Declare(options, makeSecret);

    public static AzureOutputs Azure(AzureOptions options, Func<string> makeSecret) => AzureDeployment.Declare(options, makeSecret);

    private static string? Get(string key)
    {
        var parts = key.Split(':', 2);
        return new Config(parts[0]).Get(parts[1]);
    }
}
