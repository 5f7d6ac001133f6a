namespace Connect.BoardWeb.Files;

/// <summary>Puts the pieces of this folder together.</summary>
internal static class FileServices
{
    public static void AddFiles(this IServiceCollection services) =>
        services.AddSingleton<PictureTurns>().AddSingleton<FileReader>().AddSingleton<Storing>().AddSingleton<Attaching>().AddSingleton<Uploads>().AddSingleton<FileServing>();
}
