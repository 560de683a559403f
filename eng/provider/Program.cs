using Workflows.Provider;

// A provider to try the platform against: dotnet run --project eng/provider -- [PORT]
await using var server = await ProviderServer.StartAsync(args is [var port, ..] ? int.Parse(port, null) : 11435);
Console.WriteLine($"A provider of models that is none listens at {server.Address}");
await server.UntilStoppedAsync();
