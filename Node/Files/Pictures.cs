using SixLabors.ImageSharp;
using SixLabors.ImageSharp.Formats;
using SixLabors.ImageSharp.Formats.Gif;
using SixLabors.ImageSharp.Formats.Jpeg;
using SixLabors.ImageSharp.Formats.Png;
using SixLabors.ImageSharp.Formats.Webp;
using SixLabors.ImageSharp.Memory;
using SixLabors.ImageSharp.Metadata;
using SixLabors.ImageSharp.PixelFormats;
using SixLabors.ImageSharp.Processing;

namespace Connect.Node.Files;

/// <summary>A picture made anew from its pixels.</summary>
public sealed record Drawn(byte[] Bytes, int Width, int Height);

/// <summary>What is kept of a picture.</summary>
/// <param name="Shown">As posts show it; null if the whole one is small enough.</param>
public sealed record CleanPicture(FileKind Kind, Drawn Whole, Drawn? Shown)
{
    public Drawn InPosts => Shown ?? Whole;
}

/// <summary>Why a picture is not kept.</summary>
public enum PictureFault { None, Unreadable, TooManyPixels, StaysTooLarge }

/// <summary>What became of a picture.</summary>
/// <param name="Picture">Null if it is not kept.</param>
/// <param name="Width">Pixels of what was sent; 0 if that could not be read.</param>
/// <param name="Height">Pixels of what was sent; 0 if that could not be read.</param>
public sealed record PictureResult(CleanPicture? Picture, PictureFault Fault, int Width = 0, int Height = 0);

/// <summary>
/// Takes pictures apart and draws them anew: what is kept are pixels, turned the right way up. Where and with what they were taken, and whatever else was hidden in the file, is gone.
/// Of several frames the first is kept. The largest picture takes some 200 MB while it is drawn.
/// </summary>
public static class Pictures
{
    /// <summary>Pixels; more are refused before anything is decoded.</summary>
    public const int MaxPixels = 24_000_000;

    /// <summary>Pixels of one side; more are refused before anything is decoded.</summary>
    public const int MaxSide = 16_384;

    /// <summary>The longer side of what is kept, in pixels; larger ones are scaled down.</summary>
    public const int WholeSide = 3072;

    /// <summary>The longer side of what posts show, in pixels.</summary>
    public const int ShownSide = 1280;

    private const int JpegQuality = 85;

    /// <summary>How long a decoder may take.</summary>
    private static readonly TimeSpan Decoding = TimeSpan.FromSeconds(10);

    private static readonly Configuration Library = Configure();

    private static readonly Dictionary<FileKind, IImageDecoder> Decoders = new()
    {
        // Texts inside a PNG are compressed: nobody unpacks what nobody reads.
        [FileKind.Jpeg] = new JpegDecoder(),
        [FileKind.Png] = new PngDecoder { IgnoreMetadata = true },
        [FileKind.Gif] = new GifDecoder { IgnoreMetadata = true, DecodingMode = FrameDecodingMode.First },
        [FileKind.WebP] = new WebpDecoder(),
    };

    /// <summary>Draws it anew, or says why not.</summary>
    /// <param name="bytes">A file that begins like one of <paramref name="kind"/>.</param>
    /// <param name="kind">What it is.</param>
    public static async Task<PictureResult> DrawAsync(byte[] bytes, FileKind kind)
    {
        using var late = new CancellationTokenSource(Decoding);
        try
        {
            using var stream = new MemoryStream(bytes, writable: false);
            var info = Image.Identify(Library, stream);
            if (info is null) return new(null, PictureFault.Unreadable);
            if (info.Width > MaxSide || info.Height > MaxSide || (long)info.Width * info.Height > MaxPixels)
                return new(null, PictureFault.TooManyPixels, info.Width, info.Height);
            stream.Position = 0;
            using var image = await Image.LoadAsync<Rgba32>(Library, stream, Decoders[kind], late.Token);
            return Draw(image, kind) is { } clean ? new(clean, PictureFault.None, info.Width, info.Height) : new(null, PictureFault.StaysTooLarge, info.Width, info.Height);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // Whatever a decoder falls over in a file that somebody has spoiled, it is the file's fault.
            return new(null, PictureFault.Unreadable);
        }
    }

    private static CleanPicture? Draw(Image<Rgba32> image, FileKind kind)
    {
        image.Mutate(i => i.AutoOrient());
        Forget(image.Metadata);
        Forget(image.Frames.RootFrame.Metadata);
        var isOpaque = kind == FileKind.Jpeg || IsOpaque(image);
        var becomes = kind == FileKind.Jpeg || (kind == FileKind.WebP && isOpaque) ? FileKind.Jpeg : FileKind.Png;
        foreach (var side in new[] { WholeSide, 2048, ShownSide })
        {
            Fit(image, side);
            var whole = Encode(image, becomes);
            // A photograph that somebody saved as PNG.
            if (whole.Bytes.Length > FileRules.MaxBytes && isOpaque && becomes != FileKind.Jpeg) whole = Encode(image, becomes = FileKind.Jpeg);
            if (whole.Bytes.Length > FileRules.MaxBytes) continue;
            if (Math.Max(image.Width, image.Height) <= ShownSide) return new(becomes, whole, null);
            Fit(image, ShownSide);
            return new(becomes, whole, Encode(image, becomes));
        }
        return null;
    }

    private static void Fit(Image<Rgba32> image, int side)
    {
        if (Math.Max(image.Width, image.Height) > side) image.Mutate(i => i.Resize(new ResizeOptions { Size = new(side, side), Mode = ResizeMode.Max }));
    }

    private static Drawn Encode(Image<Rgba32> image, FileKind kind)
    {
        using var stream = new MemoryStream();
        image.Save(stream, kind == FileKind.Jpeg ? new JpegEncoder { Quality = JpegQuality }
            : new PngEncoder { ChunkFilter = PngChunkFilter.ExcludeAll, ColorType = IsOpaque(image) ? PngColorType.Rgb : PngColorType.RgbWithAlpha, BitDepth = PngBitDepth.Bit8 });
        return new(stream.ToArray(), image.Width, image.Height);
    }

    private static bool IsOpaque(Image<Rgba32> image)
    {
        var opaque = true;
        image.ProcessPixelRows(rows =>
        {
            for (var y = 0; opaque && y < rows.Height; y++)
                foreach (ref readonly var pixel in rows.GetRowSpan(y)) opaque &= pixel.A == byte.MaxValue;
        });
        return opaque;
    }

    private static void Forget(ImageMetadata about) => (about.ExifProfile, about.IccProfile, about.IptcProfile, about.XmpProfile) = (null, null, null, null);

    private static void Forget(ImageFrameMetadata about) => (about.ExifProfile, about.IccProfile, about.IptcProfile, about.XmpProfile) = (null, null, null, null);

    private static Configuration Configure()
    {
        var library = new Configuration(new JpegConfigurationModule(), new PngConfigurationModule(), new GifConfigurationModule(), new WebpConfigurationModule())
        {
            MaxDegreeOfParallelism = 1, // the database needs the other cores
            // What a file says of its parts may be anything: no single buffer is larger than the largest picture needs. What was used is given back.
            MemoryAllocator = MemoryAllocator.Create(new MemoryAllocatorOptions { MaximumPoolSizeMegabytes = 8, AllocationLimitMegabytes = 128 }),
        };
        // For what is asked before the picture is decoded.
        library.ImageFormatsManager.SetDecoder(PngFormat.Instance, new PngDecoder { IgnoreMetadata = true });
        library.ImageFormatsManager.SetDecoder(GifFormat.Instance, new GifDecoder { IgnoreMetadata = true, DecodingMode = FrameDecodingMode.First });
        return library;
    }
}
