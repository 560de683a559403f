using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Workflows.Data.Secrets;

public static class SecretsRegistration
{
    /// <summary>Registers everything about secrets. The host fails to start when no master key is configured (<see cref="MasterKeys"/>).</summary>
    public static IServiceCollection AddSecrets(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSingleton(_ => new MasterKeys(MasterKeyOptions.Read(configuration)));
        services.AddSingleton<SecretSealer>();
        services.AddSingleton<SecretStore>();
        services.AddSingleton<Resealing>();
        return services;
    }
}
