import { createTheme } from '@mui/material';
import { defaultDarkTheme, defaultLightTheme, type RaThemeOptions } from 'react-admin';

/** The fonts of the system: none is loaded from elsewhere. */
const typography = { fontFamily: 'system-ui, sans-serif', button: { textTransform: 'none' as const } };

export const lightTheme: RaThemeOptions = { ...defaultLightTheme, typography };
export const darkTheme: RaThemeOptions = { ...defaultDarkTheme, typography };

/** The same for the pages around react-admin. */
export const themes = { light: createTheme(lightTheme), dark: createTheme(darkTheme) };
