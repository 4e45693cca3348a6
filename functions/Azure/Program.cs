using Frazil.AzureFunctions;

return await Worker.RunAsync(args, Environment.GetEnvironmentVariable);
