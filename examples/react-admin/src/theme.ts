import { createTheme } from '@mui/material';
import { defaultDarkTheme, defaultLightTheme, type RaThemeOptions } from 'react-admin';

/** The fonts of the system: none is loaded from elsewhere. */
const typography = { fontFamily: 'system-ui, sans-serif', button: { textTransform: 'none' as const } };

/** Dark enough for white text: that of react-admin's bar has a contrast of 3.1. */
const green = { main: '#0e5c47' };
const palette = { ...defaultLightTheme.palette, primary: green, secondary: green };

export const lightTheme: RaThemeOptions = { ...defaultLightTheme, typography, palette };
export const darkTheme: RaThemeOptions = { ...defaultDarkTheme, typography };

/** The same for the pages around react-admin. */
export const themes = { light: createTheme(lightTheme), dark: createTheme(darkTheme) };
