using Frazil.Local;

return await FrazilCommand.RunAsync(args);
