using Frazil.Infra;
using Pulumi;

return await Deployment.RunAsync(Deploy.FromConfig);
