using Frazil.Lambda;

return await Function.RunAsync(Environment.GetEnvironmentVariable);
